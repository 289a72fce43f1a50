// Pairs of instructions that one dispatch executes: the pairs that guests run most often, by measurement (RATIONALE.md).
// The first of a pair is of kind `alu`. Order is of no importance.
export const FUSED: readonly (readonly [string, string])[] = [];
