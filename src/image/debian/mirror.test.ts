// Which mirror is taken, from options, environment and apt's configuration in both styles.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseMirrors, DEFAULT_MIRROR, readAptMirrors } from "./mirror.js";

let apt: string;
beforeEach(async () => {
  apt = await mkdtemp(join(tmpdir(), "wardian-apt-"));
  await mkdir(join(apt, "sources.list.d"));
});
afterEach(() => rm(apt, { recursive: true }));
const put = (name: string, text: string) => writeFile(join(apt, name), text);

describe("chooseMirrors", () => {
  it("prefers the option, then the environment, then apt, then the public mirror", async () => {
    await put("sources.list", "deb http://ftp.de.debian.org/debian/ trixie main\n");
    const env = { WARDIAN_DEBIAN_MIRROR: "https://env.example/debian/" };
    expect(await chooseMirrors({ mirror: "http://option.example/x/", env, aptFolder: apt })).toEqual(["http://option.example/x"]);
    expect(await chooseMirrors({ env, aptFolder: apt })).toEqual(["https://env.example/debian"]);
    expect(await chooseMirrors({ env: {}, aptFolder: apt })).toEqual(["http://ftp.de.debian.org/debian", DEFAULT_MIRROR]);
    expect(await chooseMirrors({ env: {}, aptFolder: join(apt, "none") })).toEqual([DEFAULT_MIRROR]);
  });

  it.each(["debian.org/debian", "ftp://debian.org/debian", "file:///debian", ":"])("refuses %s", async (mirror) => {
    await expect(chooseMirrors({ mirror })).rejects.toMatchObject({ code: "guest-mirror" });
  });
});

describe("readAptMirrors", () => {
  it("reads one-line sources", async () => {
    await put(
      "sources.list",
      [
        "# deb http://commented.example/debian trixie main",
        "deb cdrom:[Debian]/ trixie main",
        "deb-src http://source.example/debian trixie main",
        "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://a.example/pub/debian trixie main contrib # note",
        "deb http://security.debian.org/debian-security trixie-security main",
        "deb http://b.example/debian trixie contrib",
        "",
      ].join("\n"),
    );
    await put(
      "sources.list.d/other.list",
      "deb [signed-by=/etc/apt/keyrings/other.gpg] https://other.example/linux/debian trixie main\ndeb http://archive.ubuntu.com/ubuntu noble main\n",
    );
    await put("sources.list.d/old.list.save", "deb http://saved.example/debian trixie main\n");
    expect(await readAptMirrors(apt)).toEqual(["https://a.example/pub/debian"]);
  });

  it("reads deb822 sources, the project's own mirrors first", async () => {
    await put(
      "sources.list.d/debian.sources",
      [
        "Types: deb deb-src",
        "# a comment",
        "URIs: http://near.example/debian",
        " http://ftp.debian.org/debian",
        "Suites: trixie trixie-updates",
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "",
        "Types: deb",
        "URIs: http://off.example/debian",
        "Suites: trixie",
        "Components: main",
        "Enabled: no",
        "",
        "Types: deb",
        "URIs: http://key.example/debian",
        "Suites: x",
        "Components: main",
        "Signed-By:",
        " -----BEGIN PGP PUBLIC KEY BLOCK-----",
        " .",
        " xyz",
        "",
      ].join("\n"),
    );
    expect(await readAptMirrors(apt)).toEqual(["http://ftp.debian.org/debian", "http://near.example/debian"]);
  });
});
