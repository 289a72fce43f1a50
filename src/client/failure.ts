// What it means to people that a connection failed. May depend on address.ts.
import type { Address } from "./address.js";

/** What undici tells of a failure, where it does. */
interface SocketFailure {
  readonly code?: string;
  readonly message?: string;
  readonly socket?: { readonly bytesRead?: number };
}

const TLS_ALERT_BYTES = 7;
const NO_TLS: readonly string[] = ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"];
/** A server may cut the connection before its alert is read. */
const ENDED: readonly string[] = ["UND_ERR_SOCKET", "ECONNRESET"];
const UNKNOWN_AUTHORITY: readonly string[] = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
];

// prettier-ignore
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED:            "nothing listens there",
  ENOENT:                  "there is no such socket",
  EACCES:                  "the socket is not ours to use",
  ENOTFOUND:               "there is no host of that name",
  ECONNRESET:              "it ended the connection",
  UND_ERR_SOCKET:          "it ended the connection",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer",
  UND_ERR_BODY_TIMEOUT:    "it stopped in the middle of an answer",
};

/** For behind "the server at ...". `hasCertificate`: we have shown one of our own. */
export function describeFailure(error: unknown, address: Address, hasCertificate: boolean): string {
  const failure = error as SocketFailure;
  const { code = "", message = "" } = failure;
  return hintOf(failure, address, hasCertificate) ?? `cannot be reached: ${REASONS[code] ?? (message || code || "the connection failed")}`;
}

/** Where http: and https: were mixed up: the other side answers with something odd, or an alert of TLS, or goes at once. */
function hintOf({ code = "", socket }: SocketFailure, address: Address, hasCertificate: boolean): string | undefined {
  if (address.socketPath !== undefined) return undefined;
  const bytesRead = socket?.bytesRead;
  if (address.base.startsWith("https:")) {
    if (NO_TLS.includes(code)) return "does not speak TLS: try http://";
    if (UNKNOWN_AUTHORITY.includes(code)) return "has a certificate that nobody we know has signed: give its authority's with --tls-ca";
    if (!code.includes("ALERT") && !(ENDED.includes(code) && (bytesRead ?? 0) === 0)) return undefined;
    return hasCertificate
      ? "ended the connection; it may not accept our certificate"
      : "ended the connection; if it asks for client certificates, give --tls-cert and --tls-key";
  }
  if (code.startsWith("HPE_")) return "does not speak HTTP: try https://";
  const isGoneAtOnce = code === "UND_ERR_SOCKET" && bytesRead !== undefined && bytesRead <= TLS_ALERT_BYTES;
  return isGoneAtOnce ? "ended the connection at once; if it speaks TLS, give https://" : undefined;
}
