/** What a request gets: sizes, alignments, and what of a slab or span is nobody's. */
import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../bindings/index.js";
import { KIB, MIB, PAGE, builds, release } from "../support/cores.js";

describe.each(builds)("sizes, $name core", ({ name, create }) => {
  test.each([256, 512] as const)(
    "a request that fills its block gets one of that size, smallThreshold %i",
    (smallThreshold) => {
      const heap = create({ smallThreshold });
      const usable = (size: number): number => heap.usableSize(heap.malloc(size));
      // The debug core hands out what was asked for.
      if (name === "debug") return expect(usable(1000)).toBe(1000);
      for (let size = 1; size <= 40 * KIB; size += 1 + (size >> 6)) {
        const filled = usable(size);
        expect(filled, `${size}`).toBeGreaterThanOrEqual(size);
        expect(usable(filled), `${size}`).toBe(filled);
      }
      for (let pages = 9; pages <= 130; pages++) expect(usable(pages * PAGE)).toBe(pages * PAGE);
    },
  );

  test("any size is aligned as asked for", () => {
    const heap = create();
    for (let alignment = 8; alignment <= 64 * KIB; alignment *= 2) {
      for (let size = 1; size <= 36 * KIB; size += 1 + (size >> 3)) {
        const blocks = [1, 2, 3].map(() => heap.alignedAlloc(alignment, size));
        expect(blocks.map((block) => block % alignment)).toEqual([0, 0, 0]);
        expect(heap.usableSize(blocks[0]!)).toBeGreaterThanOrEqual(size);
        for (const block of blocks.slice(1)) heap.free(block);
      }
    }
    heap.verify();
  });

  test("what lies before and behind an aligned span is given back", () => {
    const heap = create({ maxBytes: 64 * MIB });
    const kept: Ptr[] = [];
    for (let round = 0; round < 60; round++) {
      const block = heap.alignedAlloc(8 * MIB, (1 + (round % 5)) * MIB);
      expect(block % (8 * MIB)).toBe(0);
      // What stands in between is another one each time.
      kept.push(heap.malloc(300 * KIB));
      heap.free(block);
      if (round % 3 === 2) for (const each of kept.splice(0)) heap.free(each);
    }
    for (const each of kept) heap.free(each);
    heap.verify();
    expect(heap.malloc(40 * MIB)).not.toBe(0);
  });
});

describe("sizes, release core", () => {
  test("realloc to less stays where it is when there is no memory for another block", () => {
    const heap = release.create({ initialBytes: 2 * MIB, maxBytes: 2 * MIB });
    const fill = (size: number): Ptr[] => {
      const blocks: Ptr[] = [];
      for (let block = heap.raw.malloc(size); block !== 0; block = heap.raw.malloc(size)) blocks.push(block);
      return blocks;
    };
    const large = fill(20_000);
    const small = fill(400);
    fill(8);
    for (const block of [large[3]!, small[3]!]) {
      expect(heap.realloc(block, 1)).toBe(block);
      expect(heap.raw.realloc(block, 1)).toBe(block);
    }
    heap.verify();
  });

  test("the first slab of a class is smaller than later ones, also after all were given back", () => {
    const heap = release.create();
    const used = (): number => heap.stats().heapUsed;
    /** What the pages in use grow by when a slab is opened, in the order of the slabs. */
    const slabs = (blocks: Ptr[], count: number): number[] => {
      const steps: number[] = [];
      for (let i = 0; i < count; i++) {
        const before = used();
        blocks.push(heap.malloc(5200));
        if (used() > before) steps.push(used() - before);
      }
      return steps;
    };
    const blocks: Ptr[] = [];
    const first = slabs(blocks, 300);
    expect(first[0]!).toBeLessThan(first.at(-1)!);
    for (const block of blocks.splice(0)) heap.free(block);
    heap.trim();
    expect(slabs(blocks, 300)).toEqual(first);
  });
});

describe.each(builds)("memory pressure, $name core", ({ create }) => {
  const bytes = new Uint8Array(MIB);
  const churn = (heap: Heap, kept: Ptr[] | undefined): number => {
    for (let i = 0; i < 100; i++) {
      const p = heap.bytesObject(bytes);
      if (kept) kept.push(p);
      else heap.decref(p);
      heap.decref(heap.list());
    }
    return heap.collector.stats()[2]!.collections;
  };

  test("what is freed presses no more, what is kept does", () => {
    const heap = create();
    expect(churn(heap, undefined)).toBe(0);
    const kept: Ptr[] = [];
    expect(churn(heap, kept)).toBeGreaterThan(0);
    for (const p of kept) heap.decref(p);
  });
});
