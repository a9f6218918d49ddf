import { describe, expect, test } from "vitest";
import { MIB, release } from "../support/cores.js";

describe("the memory of CPython before 2.5, which never gave an arena back", () => {
  test("10·1024·1024 blocks of 16 bytes freed leave every arena free, for one request of 150 MB", () => {
    const heap = release.create();
    const { raw } = heap;
    const count = 10 * 1024 * 1024;
    const blocks = new Uint32Array(count);
    for (let i = 0; i < count; i++) blocks[i] = raw.malloc(16);
    expect(blocks.includes(0)).toBe(false);
    const full = heap.stats();
    expect(full.poolBytes).toBeGreaterThanOrEqual(160 * MIB);
    heap.verify();
    for (let i = 0; i < count; i++) raw.free(blocks[i] as ReturnType<typeof raw.malloc>);
    heap.verify();
    expect(heap.stats()).toMatchObject({ arenas: 0, heapUsed: 0, heapTotal: full.heapTotal });
    const large = heap.malloc(150e6);
    expect(heap.stats().heapTotal).toBe(full.heapTotal);
    heap.verify();
    heap.free(large);
  });

  test("freeing in random order drains as well", () => {
    const heap = release.create();
    const blocks = Array.from({ length: 300_000 }, (_, i) => heap.malloc(8 + (i % 64) * 8));
    for (let i = blocks.length - 1; i > 0; i--) {
      const j = Math.floor((i * 2_654_435_761) % (i + 1));
      [blocks[i], blocks[j]] = [blocks[j]!, blocks[i]!];
    }
    for (const block of blocks) heap.free(block);
    heap.verify();
    expect(heap.stats()).toMatchObject({ arenas: 0, heapUsed: 0 });
  });
});
