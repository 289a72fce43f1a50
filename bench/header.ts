// What stands above each table: which versions were compared, and on what machine. Depends on folder.ts.
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { projectFile } from "./folder.js";

export interface Header {
  readonly versions: { readonly wardian: string; readonly node: string; readonly qemu?: string; readonly guestKernel?: string };
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryMiB: number; readonly system: string };
}

const MIB = 2 ** 20;

export function makeHeader(qemu: string | undefined, guestKernel: string | undefined): Header {
  const { version } = JSON.parse(readFileSync(projectFile("package.json"), "utf8")) as { version: string };
  return {
    versions: {
      wardian: version,
      node: process.version,
      ...(qemu === undefined ? {} : { qemu }),
      ...(guestKernel === undefined ? {} : { guestKernel }),
    },
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      memoryMiB: Math.round(totalmem() / MIB),
      system: `${process.platform} ${process.arch}`,
    },
  };
}

export function renderHeader({ versions, machine }: Header): string {
  const theirs = versions.qemu === undefined ? "" : `; theirs: QEMU ${versions.qemu} (TCG)`;
  const kernel = versions.guestKernel === undefined ? "" : `, guest kernel ${versions.guestKernel}`;
  return [
    `ours: wardian ${versions.wardian} on Node ${versions.node}${theirs}${kernel}`,
    `machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryMiB} MiB, ${machine.system}`,
  ].join("\n");
}
