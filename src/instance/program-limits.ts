// The limits of a container's spec as the container takes them. May depend on types of container/, machine/size.ts and memory-limit.ts.
import type { ContainerLimits } from "../container/container.js";
import { parseSize } from "../machine/size.js";
import { parseProgramMemory } from "./memory-limit.js";
import type { InstanceSpec } from "./spec.js";

/** But for `runTimeMs`, which is kept where runs are. Throws `bad-size`. */
export function programLimits({
  memory,
  output,
  fileSize,
  written,
  ...limits
}: Omit<InstanceSpec["limits"], "cpuWeight">): ContainerLimits {
  const { cpus, fuel, cpuTimeMs, descriptors, createdFiles, tableElements } = limits;
  return {
    cpus,
    fuel,
    cpuTimeMs,
    descriptors,
    createdFiles,
    tableElements,
    memoryBytes: parseProgramMemory(memory),
    outputBytes: bytesOf(output, "limit of output"),
    fileBytes: bytesOf(fileSize, "limit of a file's size"),
    writtenBytes: bytesOf(written, "limit of bytes written"),
  };
}

function bytesOf(size: string | number | undefined, what: string): number | undefined {
  return size === undefined ? undefined : parseSize(String(size), { what, minBytes: 1 });
}
