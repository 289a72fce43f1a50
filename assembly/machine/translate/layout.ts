// Where the translator keeps its tables and buffers, from TRANSLATE_PTR on. Depends on layout only.
//
//   0x00_0000  buckets       u32 each: first region of a hash value
//   0x01_0000  heat          u8 each: how often a jump's target was seen when the interpreter let go
//   0x02_0000  filled        what the jump caches have, FILLED_BYTES a mode (jumps.ts)
//   0x06_0000  regions       REGION_BYTES each (regions.ts)
//   0x26_0000  instructions  decoded slots of the window that a region is made from, one a halfword (discover.ts)
//   0x28_0000  flags         u8 a halfword of the window
//   0x28_4000  block numbers u16 a halfword of the window
//   0x28_c000  blocks        BLOCK_BYTES each
//   0x29_c000  work lists    of discovery and ordering
//   0x2b_0000  labels        of the function that is being written (body.ts)
//   0x2b_4000  steady        what takes much time (steady.ts)
//   0x2c_0000  shelf         counts of regions.ts; 0x2c_0100 those of module.ts; 0x2c_0200 of jumps.ts; 0x2c_0300 of apart.ts; 0x2c_0400 of bundles.ts
//   0x2c_4000  apart         u8 each: how often groups of accesses were seen on two pages (apart.ts)
//   0x2c_8000  places        u32 a region: where it stands in bundles (bundles.ts)
//   0x2d_0000  hints         u32 each: offsets in the function's body (writer.ts)
//   0x2f_0000  relocations   u32 each (writer.ts)
//   0x30_0000  module        the bytes that the host compiles
//   0x80_0000  entries       ENTRY_BYTES each (regions.ts)
//   0x90_0000  jump caches   one a mode, JUMPS_BYTES each (jumps.ts)
import { TRANSLATE_PTR } from "../layout";

export const BUCKETS_PTR: usize = TRANSLATE_PTR;
export const BUCKETS: u32 = 16384;
export const HEAT_PTR: usize = TRANSLATE_PTR + 0x10000;
export const FILLED_PTR: usize = TRANSLATE_PTR + 0x20000;
export const REGIONS_PTR: usize = TRANSLATE_PTR + 0x60000;
export const INSNS_PTR: usize = TRANSLATE_PTR + 0x260000;
export const FLAGS_PTR: usize = TRANSLATE_PTR + 0x280000;
export const BLOCK_OF_PTR: usize = TRANSLATE_PTR + 0x284000;
export const BLOCKS_PTR: usize = TRANSLATE_PTR + 0x28c000;
export const WORK_PTR: usize = TRANSLATE_PTR + 0x29c000;
export const LABELS_PTR: usize = TRANSLATE_PTR + 0x2b0000;
export const STEADY_PTR: usize = TRANSLATE_PTR + 0x2b4000;
export const SHELF_PTR: usize = TRANSLATE_PTR + 0x2c0000;
export const TRANSLATED_PTR: usize = TRANSLATE_PTR + 0x2c0100;
export const JUMPS_STATE_PTR: usize = TRANSLATE_PTR + 0x2c0200;
export const APART_PTR: usize = TRANSLATE_PTR + 0x2c0300;
export const BUNDLES_PTR: usize = TRANSLATE_PTR + 0x2c0400;
export const APART_HEAT_PTR: usize = TRANSLATE_PTR + 0x2c4000;
export const PLACES_PTR: usize = TRANSLATE_PTR + 0x2c8000;
export const HINTS_PTR: usize = TRANSLATE_PTR + 0x2d0000;
export const HINTS_END: usize = TRANSLATE_PTR + 0x2f0000;
export const RELOCATIONS_PTR: usize = TRANSLATE_PTR + 0x2f0000;
export const RELOCATIONS_END: usize = TRANSLATE_PTR + 0x300000;
export const MODULE_PTR: usize = TRANSLATE_PTR + 0x300000;
export const MODULE_END: usize = TRANSLATE_PTR + 0x800000;
export const ENTRIES_PTR: usize = TRANSLATE_PTR + 0x800000;
export const JUMPS_PTR: usize = TRANSLATE_PTR + 0x900000;
