// Test support: boots a real Linux under QEMU with the agent as init and a virtio-serial port, and gives a transport to
// it. Needs WARDIAN_TEST_KERNEL and WARDIAN_TEST_BUSYBOX (riscv64, static). Depends on transport.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type AgentTransport, streamTransport } from "./transport.js";

export const AGENT_PATH = fileURLToPath(new URL("../../../fixtures/agent/agent", import.meta.url));

const S_DIR = 0o40755;
const S_FILE = 0o100755;
const S_LINK = 0o120777;

/** One entry of a "newc" cpio archive. */
function cpioEntry(name: string, mode: number, data: Uint8Array): Buffer {
  const pad = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);
  const fields = [0, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = Buffer.from(`070701${fields.map((value) => value.toString(16).padStart(8, "0")).join("")}${name}\0`);
  return Buffer.concat([head, pad(head.length), data, pad(data.length)]);
}

function initramfs(busybox: Uint8Array): Buffer {
  const applets =
    "sh echo cat yes head stty sleep env pwd id true false dd sha256sum ps kill ls chmod wc stat test tr hostname mount od ip date".split(
      " ",
    );
  const passwd = "root:x:0:0::/root:/bin/sh\nflora:x:1000:1000::/home/flora:/bin/sh\n";
  const group = "root:x:0:\nflora:x:1000:\ngarden:x:1234:flora,other\n";
  return Buffer.concat([
    ...["bin", "dev", "etc", "root", "home", "home/flora"].map((name) => cpioEntry(name, S_DIR, Buffer.alloc(0))),
    cpioEntry("etc/passwd", 0o100644, Buffer.from(passwd)),
    cpioEntry("etc/group", 0o100644, Buffer.from(group)),
    cpioEntry("init", S_FILE, readFileSync(AGENT_PATH)),
    cpioEntry("bin/busybox", S_FILE, busybox),
    ...applets.map((name) => cpioEntry(`bin/${name}`, S_LINK, Buffer.from("busybox"))),
    cpioEntry("TRAILER!!!", 0, Buffer.alloc(0)),
  ]);
}

export interface QemuGuest {
  readonly transport: AgentTransport;
  /** Another connection, after the first has been closed. */
  connect(): Promise<AgentTransport>;
  readonly process: ChildProcess;
  console(): string;
  stop(): Promise<void>;
}

export async function startQemuGuest(kernel: string, busybox: string): Promise<QemuGuest> {
  const folder = mkdtempSync(join(tmpdir(), "wardian-agent-"));
  const path = join(folder, "port");
  const initrd = join(folder, "initrd");
  writeFileSync(initrd, initramfs(readFileSync(busybox)));
  const machine = "-M virt -m 256 -nographic -no-reboot -serial stdio -monitor none -device virtio-serial-pci".split(" ");
  const port = ["-chardev", `socket,id=a,path=${path},server=on,wait=off`, "-device", "virtserialport,chardev=a,name=wardian.agent"];
  const boot = ["-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1"];
  const child = spawn("qemu-system-riscv64", [...machine, ...port, ...boot], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
  const ended = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const connectPort = async (): Promise<AgentTransport> => {
    for (let tries = 0; ; tries++) {
      const socket = connect(path);
      const open = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      });
      if (open) return streamTransport(socket);
      if (tries === 100) throw new Error(`QEMU gave no port: ${text}`);
      await sleep(50);
    }
  };
  return { transport: await connectPort(), connect: connectPort, process: child, console: () => text, stop };
}
