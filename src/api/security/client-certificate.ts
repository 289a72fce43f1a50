// Whom a verified client certificate names: CN is the caller's name, O the namespace, OU the scope. Each may stand once.
// May depend on engine/ and instance/.
import type { PeerCertificate } from "node:tls";
import { type Caller, DEFAULT_NAMESPACE, type Scope, SCOPES } from "../../engine/caller.js";
import { NAME_PATTERN } from "../../instance/spec.js";

const CALLER_NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.@:-]{0,127}$/u;

/** Without OU: operate. Without O: "default", and every namespace for an admin. What cannot be read so is told as text. */
export function callerOfCertificate(subject: Partial<PeerCertificate["subject"]> | undefined): Caller | string {
  // Node gives an array where a field stands twice, against its type.
  const { CN: name, O: organization, OU: unit } = (subject ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !CALLER_NAME.test(name)) return "the client certificate's subject needs one CN, a name";
  const scope = unit ?? "operate";
  if (!isScope(scope)) return `the client certificate's OU must be one of ${SCOPES.join(", ")}`;
  const namespace = organization ?? (scope === "admin" ? "*" : DEFAULT_NAMESPACE);
  if (typeof namespace !== "string" || !(NAME_PATTERN.test(namespace) || (scope === "admin" && namespace === "*")))
    return "the client certificate's O must be one namespace's name";
  return { name, scope, namespace, quotas: {}, hostPaths: false };
}

function isScope(value: unknown): value is Scope {
  return (SCOPES as readonly unknown[]).includes(value);
}
