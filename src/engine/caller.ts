// Who asks: what a door knows of the one on whose behalf it applies an action. Depends on nothing.

export const SCOPES = ["read", "operate", "admin"] as const;
/** read: look; operate: also create and drive instances; admin: also every namespace and the audit log. */
export type Scope = (typeof SCOPES)[number];

/** Bounds on all instances of a namespace that are not removed (`instances`), or are live (the others). */
export interface Quotas {
  readonly instances?: number | undefined;
  readonly running?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
}

export interface Caller {
  /** For the audit log: a token's name, a certificate's subject, "local". */
  readonly name: string;
  readonly scope: Scope;
  /** The instances it sees and makes; "*" (admin) sees all, and makes them in "default". */
  readonly namespace: string;
  readonly quotas: Quotas;
  /** May name files of the host (image, kernel, disks) by path; others take them from the images folder by name. */
  readonly hostPaths: boolean;
}

export const DEFAULT_NAMESPACE = "default";

/** The user whose process this is. */
export const LOCAL_CALLER: Caller = { name: "local", scope: "admin", namespace: "*", quotas: {}, hostPaths: true };
