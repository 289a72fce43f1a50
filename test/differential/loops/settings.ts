// How long the tests of translated loops look: WARDIAN_LOOPS times the usual number of programs, from WARDIAN_SEED on.
import { SEED } from "../settings.js";

const factor = Number(process.env["WARDIAN_LOOPS"] ?? 1);
if (!Number.isFinite(factor) || factor <= 0) throw new Error(`WARDIAN_LOOPS must be a number above 0, not ${process.env["WARDIAN_LOOPS"]}`);

/** Seeds of about `usual` programs. */
export const seeds = (usual: number): number[] => Array.from({ length: Math.max(1, Math.round(usual * factor)) }, (_, n) => SEED + n);

/** How to see a failure again. */
export const replayOf = (seed: number): string => `WARDIAN_SEED=${seed} WARDIAN_LOOPS=0.001`;
