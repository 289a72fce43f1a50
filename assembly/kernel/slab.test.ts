// The allocator: nothing overlaps, everything is zero, the bound holds, and what is freed comes together again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestVfs } from "./vfs/testing/harness.js";

/** Pages of descriptors in front of the arena. */
const usable = (maxPages: number): number => maxPages - Math.ceil((maxPages * 24) / 4096);

describe("slab", () => {
  it("hands out zeros that do not overlap, and has everything back in the end", async () => {
    const v = await TestVfs.start(8_192);
    const action = fc.record({ bytes: fc.oneof(fc.integer({ min: 1, max: 2048 }), fc.integer({ min: 1, max: 200_000 })), free: fc.nat() });
    const zeros = Buffer.alloc(200_000);
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const live: { ptr: number; bytes: number; fill: number }[] = [];
        const release = (at: number): void => {
          const [{ ptr, bytes, fill }] = live.splice(at, 1) as [(typeof live)[0]];
          const memory = v.bytes;
          expect(memory[ptr] === fill && memory[ptr + bytes - 1] === fill).toBe(true);
          v.call("slab_free", ptr, bytes);
        };
        actions.forEach(({ bytes, free }, i) => {
          const ptr = v.call("slab_alloc", bytes);
          if (ptr === 0) return;
          const memory = v.bytes;
          expect(ptr % 16).toBe(0);
          expect(memory.compare(zeros, 0, bytes, ptr, ptr + bytes)).toBe(0);
          memory.fill((i % 255) + 1, ptr, ptr + bytes);
          live.push({ ptr, bytes, fill: (i % 255) + 1 });
          if (free % 3 === 0) release(free % live.length);
        });
        while (live.length > 0) release(live.length - 1);
        expect([v.call("slab_used_pages"), v.call("slab_objects"), v.call("slab_object_bytes")]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it("joins neighbours: after thousands of single pages the largest block is there again", async () => {
    const v = await TestVfs.start(4_500);
    const pages: number[] = [];
    for (let ptr = v.call("page_alloc"); ptr !== 0; ptr = v.call("page_alloc")) pages.push(ptr);
    expect(pages.length).toBe(usable(4_500));
    expect(new Set(pages).size).toBe(pages.length);
    expect(v.call("block_alloc", 2)).toBe(0);
    for (const ptr of pages.sort((a, b) => (a % 7) - (b % 7) || a - b)) v.call("page_free", ptr);
    expect(v.call("block_alloc", 2048)).not.toBe(0);
    expect(v.call("block_alloc", 2048)).not.toBe(0);
    expect(v.call("block_alloc", 2048)).toBe(0);
    expect(v.call("block_alloc", 2049)).toBe(0);
    expect(v.call("slab_alloc", 0xffffffff)).toBe(0);
  });

  it("never goes beyond its bound, to the page", async () => {
    for (const bound of [2, 3, 255, 256, 257, 1_000]) {
      const v = await TestVfs.start(bound);
      let count = 0;
      while (v.call("page_alloc") !== 0) count++;
      expect(count).toBe(usable(bound));
      expect(v.call("slab_alloc", 16)).toBe(0);
      expect(v.memory.buffer.byteLength).toBeLessThanOrEqual(Math.max(64 * 65_536, 0x200000 + bound * 4096 + 65_535));
    }
    await expect(TestVfs.start(1)).rejects.toThrow("no memory for the slab");
  });

  it("says so when the memory itself cannot grow", async () => {
    const v = await TestVfs.start(1_048_000); // 4 GiB less the rest
    let blocks = 0;
    while (v.call("block_alloc", 2048) !== 0) blocks++;
    expect(blocks).toBeGreaterThan(500);
    expect(v.call("block_alloc", 2048)).toBe(0);
  });
});
