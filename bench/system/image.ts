// The root file system of the `system` guest, as a cpio: busybox, the packages' programs and libraries, the scripts, and an
// /init that runs the cases one after the other and says so by the marks of markers.ts. Depends on image/ and the files beside it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CpioEntry, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG, writeCpio } from "../../src/image/archive/cpio.js";
import { readDeb } from "../../src/image/debian/deb.js";
import { projectFile } from "../folder.js";
import { type Case, type Size, SCRIPTS_PATH, TEXT_MIB, TEXT_PATH } from "./cases.js";
import { MARK } from "./markers.js";
import type { FetchedPackage } from "./packages.js";
import { makeText } from "./text.js";

const DATA_FILES = ["work.py", "work.sql"];

/** Programs and libraries; not the hundreds of character sets, nor documents. */
export function isPacked(name: string): boolean {
  return /^usr\/(s?bin|lib)\//.test(name) && !/\/gconv\/|\/perl|\/systemd\//.test(name);
}

class Root {
  readonly #entries = new Map<string, CpioEntry>();

  add(name: string, mode: number, data: Uint8Array | string = "", rdev: readonly [number, number] = [0, 0]): void {
    const folder = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    if (folder !== "" && !this.#entries.has(folder)) this.folder(folder);
    const [rdevMajor, rdevMinor] = rdev;
    const fixed = { uid: 0, gid: 0, mtimeSeconds: 0, ino: this.#entries.size + 1, nlink: 1, rdevMajor, rdevMinor };
    this.#entries.set(name, { name, mode, ...fixed, data: typeof data === "string" ? Buffer.from(data) : data });
  }

  folder(name: string): void {
    this.add(name, S_IFDIR | 0o755);
  }

  file(name: string, data: Uint8Array | string): void {
    this.add(name, S_IFREG | 0o755, data);
  }

  link(name: string, target: string): void {
    this.add(name, S_IFLNK | 0o777, target);
  }

  data(name: string): Uint8Array {
    return this.#entries.get(name)?.data ?? new Uint8Array(0);
  }

  pack(): Uint8Array {
    return writeCpio(this.#entries.values());
  }
}

async function unpack(root: Root, { label, deb }: FetchedPackage): Promise<void> {
  for await (const { name, type, data, linkName } of readDeb(deb, label, isPacked)) {
    if (type === "file") root.file(name, data);
    else if (type === "symlink") root.link(name, linkName);
    else if (type === "hardlink") root.file(name, root.data(linkName.replace(/^\.?\//, "")));
  }
}

/** The shell script /init; each case is a script of its own. */
export function makeInit(cases: readonly Case[]): string {
  return `#!/bin/busybox sh
export PATH=/usr/bin:/usr/sbin HOME=/root LC_ALL=C
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
run() {
  echo "${MARK} start $1"
  /bin/busybox sh ${SCRIPTS_PATH}/$1.sh </dev/null >/tmp/out 2>/tmp/err
  status=$?
  echo "${MARK} stop $1 $status"
  if [ $status = 0 ]; then
    echo "${MARK} result $1 $(/bin/busybox sha256sum /tmp/out | /bin/busybox cut -c 1-64)"
  else
    echo "${MARK} why $1 $(/bin/busybox tail -n 1 /tmp/err)"
  fi
  /bin/busybox rm -rf /tmp/*
}
${cases.map(({ name }) => `run ${name}\n`).join("")}echo "${MARK} end"
/bin/busybox poweroff -f
`;
}

export async function makeSystemInitrd(
  busybox: string,
  packages: readonly FetchedPackage[],
  cases: readonly Case[],
  size: Size,
): Promise<Uint8Array> {
  const root = new Root();
  for (const name of ["dev", "proc", "sys", "tmp", "root", "usr/bin", "usr/sbin", "usr/lib"]) root.folder(name);
  for (const name of ["bin", "sbin", "lib"]) root.link(name, `usr/${name}`);
  root.add("dev/console", S_IFCHR | 0o600, "", [5, 1]);
  root.file("usr/bin/busybox", readFileSync(busybox));
  for (const name of ["sh", "cat", "head", "sed"]) root.link(`usr/bin/${name}`, "busybox");
  for (const fetched of packages) await unpack(root, fetched);
  root.file(TEXT_PATH.slice(1), makeText(TEXT_MIB * 2 ** 20));
  for (const name of DATA_FILES) root.file(join(SCRIPTS_PATH, name).slice(1), readFileSync(projectFile(`fixtures/bench/system/${name}`)));
  for (const { name, script, amounts } of cases) root.file(`${SCRIPTS_PATH}/${name}.sh`.slice(1), `${script(amounts[size])}\n`);
  root.file("init", makeInit(cases));
  return root.pack();
}
