// TLS 1.3 and nothing older, from files; with a client CA nobody without a certificate of it gets as far as a request.
// May depend on errors.
import { constants, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type TlsOptions } from "node:tls";
import { WardianError } from "../errors.js";

export interface TlsFiles {
  /** PEM, the server's first, then those of intermediate authorities. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM; clients have to show a certificate that one of these has signed. */
  readonly clientCaFile?: string | undefined;
}

/** Throws `bad-tls` where a file is missing or not what it should be. */
export function loadTls(files: TlsFiles): TlsOptions {
  const cert = read(files.certFile, "certificate");
  const key = read(files.keyFile, "key");
  const ca = files.clientCaFile === undefined ? undefined : readAuthorities(files.clientCaFile);
  const options: TlsOptions = { cert, key, minVersion: "TLSv1.3", maxVersion: "TLSv1.3" };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw badTls(`${files.certFile} and ${files.keyFile} are not a certificate and its key in PEM`, cause);
  }
  if (ca === undefined) return options;
  // Without tickets every connection shows its certificate anew: none outlives its expiry or a changed CA.
  return { ...options, ca, requestCert: true, rejectUnauthorized: true, secureOptions: constants.SSL_OP_NO_TICKET };
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw badTls(`the TLS ${what} ${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "failed"})`, cause);
  }
}

/** Node takes a file without any certificate for no CA at all, which would let nobody in for no visible reason. */
function readAuthorities(path: string): string[] {
  const blocks = read(path, "client CA")
    .toString("latin1")
    .match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  try {
    return (blocks ?? [""]).map((block) => new X509Certificate(block).toString());
  } catch (cause) {
    throw badTls(`${path} holds no certificate of an authority in PEM`, cause);
  }
}

function badTls(message: string, cause: unknown): WardianError {
  return new WardianError("bad-tls", message, { cause });
}
