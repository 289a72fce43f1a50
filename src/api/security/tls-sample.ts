// Certificates for tests, made by the openssl command in a folder of the test's. Depends on node only.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

function openssl(folder: string, ...args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export function makeAuthority(folder: string, name: string): Certificate {
  const args = ["-x509", ...NEW_KEY, "-days", "2", "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.crt`];
  openssl(folder, "req", ...args);
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

/** `subject` as openssl writes it: /O=team/CN=alice. */
export function makeCertificate(folder: string, authority: Certificate, name: string, subject: string, days = 2): Certificate {
  openssl(folder, "req", ...NEW_KEY, "-subj", subject, "-keyout", `${name}.key`, "-out", `${name}.csr`);
  writeFileSync(join(folder, `${name}.ext`), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signing = ["-CA", authority.certFile, "-CAkey", authority.keyFile, "-CAcreateserial", "-days", String(days)];
  openssl(folder, "x509", "-req", "-in", `${name}.csr`, ...signing, "-extfile", `${name}.ext`, "-out", `${name}.crt`);
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}
