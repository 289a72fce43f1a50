// A bearer token, wdn_ID_SECRET, and what is kept of it: never the secret, but a SHA-256 of the whole. The secret has 256 random
// bits, so that no slow hash is needed. The id is public: looking it up tells nothing by its timing. May depend on engine/, instance/ and zod.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { SCOPES } from "../../engine/caller.js";
import { nameSchema } from "../../instance/spec.js";

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const TOKEN_PATTERN = /^wdn_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

export const tokenRecordSchema = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{16}$/),
    name: nameSchema,
    scope: z.enum(SCOPES),
    namespace: z.union([nameSchema, z.literal("*")]),
    quotas: z.strictObject({
      instances: z.int().min(0).optional(),
      running: z.int().min(0).optional(),
      memoryBytes: z.int().min(0).optional(),
      cpus: z.number().min(0).optional(),
    }),
    /** SHA-256 of the whole token, in hex. */
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional(),
  })
  .refine(({ namespace, scope }) => namespace !== "*" || scope === "admin", {
    message: 'only an admin has the namespace "*"',
    path: ["namespace"],
  });
export type TokenRecord = z.infer<typeof tokenRecordSchema>;

export interface NewToken {
  /** To be shown once. */
  readonly token: string;
  readonly record: TokenRecord;
}

export function makeToken(wanted: Omit<TokenRecord, "id" | "hash" | "createdAt">, nowMs = Date.now()): NewToken {
  const id = randomBytes(ID_BYTES).toString("hex");
  const token = `wdn_${id}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
  return { token, record: { id, ...wanted, hash: hashOf(token).toString("hex"), createdAt: new Date(nowMs).toISOString() } };
}

/** Undefined for what is no token. */
export function idOf(token: string): string | undefined {
  return TOKEN_PATTERN.exec(token)?.[1];
}

// Whoever is unknown is compared as well, with what nothing hashes to as far as anyone knows.
const NO_HASH = Buffer.alloc(32);

/** Takes as long whether there is a record or not. */
export function matches(token: string, hash: Buffer | undefined): boolean {
  const isEqual = timingSafeEqual(hashOf(token), hash ?? NO_HASH);
  return isEqual && hash !== undefined;
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

export function isExpired(record: Pick<TokenRecord, "expiresAt">, nowMs = Date.now()): boolean {
  return record.expiresAt !== undefined && Date.parse(record.expiresAt) <= nowMs;
}
