import { describe, expect, test } from "vitest";
import { coreOf } from "../../bindings/heap/heap.js";
import * as layout from "../../bindings/generated/layout.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { allBuilds, ARENA, expectRefused, fill, holds, KIB, MIB, PAGE, release } from "../support/cores.js";
import { Random } from "../support/random.js";

const SEED = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);

/** Sizes of slabs and spans, the limits of both among them. */
const SIZES = [
  513,
  700,
  1024,
  4096,
  5000,
  9000,
  16_384,
  20_000,
  32_768,
  32_769,
  50_000,
  70_000,
  240_000,
  MIB,
  MIB + 1,
];

const waitingPages = (heap: Heap): number => coreOf(heap).state(layout.STATE_RECENT_PAGES);

describe("what was freed last waits for the next request, release core", () => {
  test.each(SIZES.filter((size) => size < MIB))(
    "a block of %i bytes serves the next request of its size",
    (size) => {
      const heap = release.create();
      // Something else in the heap, so that a sixteenth of it is not nothing.
      const others = Array.from({ length: 160 }, () => heap.malloc(100_000));
      const blocks = Array.from({ length: 3 }, () => heap.malloc(size));
      for (const block of blocks) heap.free(block);
      expect(blocks.map(() => heap.malloc(size))).toEqual([...blocks].reverse());
      for (const block of [...others, ...blocks]) heap.free(block);
      heap.verify();
      expect(heap.stats()).toMatchObject({ heapUsed: 0, arenas: 0, spans: 0 });
    },
  );

  test("a span serves a request that is up to an eighth shorter", () => {
    for (const [asked, got] of [
      [40, 40],
      [44, 48],
    ] as const) {
      const heap = release.create();
      heap.free(heap.malloc(48 * PAGE));
      expect(heap.usableSize(heap.malloc(asked * PAGE))).toBe(got * PAGE);
      heap.verify();
    }
  });

  test("statistics are those of a heap without what waits", () => {
    const heap = release.create();
    const span = heap.malloc(100 * KIB);
    heap.free(span);
    expect(waitingPages(heap)).toBe(25);
    expect(heap.stats()).toMatchObject({ spans: 0, spanBytes: 0 });
    heap.debugMallocStats(); // throws if the bytes do not add up
    heap.verify();
    expect(waitingPages(heap)).toBe(0);
    expect(heap.stats().arenas).toBe(0);
  });

  test("no more waits than a sixteenth of the heap, 256 KiB at least and 2 MiB at most", () => {
    const heap = release.create();
    const small = Array.from({ length: 40 }, () => heap.malloc(50_000));
    for (const block of small) {
      heap.free(block);
      expect(waitingPages(heap)).toBeLessThanOrEqual(64);
    }
    const large = Array.from({ length: 100 }, () => heap.malloc(MIB - 4096));
    for (const block of large) {
      heap.free(block);
      expect(waitingPages(heap)).toBeLessThanOrEqual(512);
    }
    heap.verify();
  });

  test("what waits goes back before the memory grows", () => {
    const heap = release.create({ maxBytes: 4 * MIB });
    const spans = Array.from({ length: 12 }, () => heap.malloc(60 * PAGE));
    const slabs = Array.from({ length: 30 }, () => heap.malloc(9000));
    for (const block of [...spans, ...slabs]) heap.free(block);
    expect(heap.malloc(3 * MIB)).not.toBe(0);
    heap.verify();
  });
});

/** The first address that no arena in use or free run before it has. */
const extentOf = (heap: Heap): number => coreOf(heap).state(layout.STATE_FRONTIER) * ARENA;

describe("what waits takes no memory that anything else needs, release core", () => {
  test("a span that fits where others wait does not extend the heap", () => {
    const heap = release.create();
    const spans = Array.from({ length: 40 }, () => heap.malloc(240 * KIB));
    const end = extentOf(heap);
    for (const span of spans.slice(0, -1)) heap.free(span);
    // The last one, its page table and the tables of those keep four arenas.
    heap.malloc(6 * MIB);
    expect(extentOf(heap)).toBe(end);
    heap.verify();
  });

  test("what waits and what is idle goes back when an eighth of the heap is gone", () => {
    const heap = release.create();
    const spans = Array.from({ length: 200 }, () => heap.malloc(40 * KIB));
    const slabs = Array.from({ length: 200 }, () => heap.malloc(5000));
    for (const block of [...slabs, ...spans]) heap.free(block);
    // At most an arena's worth of pages waits or is idle, of 2,300 that were in use.
    const { spanBytes, slabBytes } = heap.stats();
    expect(waitingPages(heap) * PAGE + spanBytes + slabBytes).toBeLessThanOrEqual(ARENA);
    heap.verify();
  });

  test("a program that fills and empties the heap five times extends it no further than the first time", () => {
    console.log(`five times: TALLYHEAP_SEED=${SEED}`);
    const heap = release.create();
    const extents: number[] = [];
    for (let pass = 0; pass < 5; pass++) {
      let extent = 0;
      const random = new Random(SEED);
      const live: Ptr[] = [];
      for (let i = 0; i < 8000; i++) {
        // Waves, which leave holes for the next.
        if (live.length < 10 || random.chance(i % 2000 < 1200 ? 70 : 20)) {
          const size = random.chance(60) ? random.below(600) : random.pick(SIZES);
          live.push(heap.malloc(size));
        } else {
          heap.free(live.splice(random.below(live.length), 1)[0]!);
        }
        extent = Math.max(extent, extentOf(heap));
      }
      extents.push(extent);
      for (const block of live) heap.free(block);
    }
    expect(Math.max(...extents) - extents[0]!).toBeLessThanOrEqual(extents[0]! / 10);
    heap.verify();
  });
});

describe.each(allBuilds)("what waits is free, $name core", ({ name, create }) => {
  test.each([1000, 9000, 50_000])("freeing a block of %i bytes twice is refused", (size) => {
    const code = size > 32 * KIB && name !== "debug" ? "ERR_HEAP_BAD_POINTER" : "ERR_HEAP_DOUBLE_FREE";
    const again: ((heap: Heap, block: Ptr) => unknown)[] = [
      (heap, block) => heap.free(block),
      (heap, block) => heap.realloc(block, size * 2),
    ];
    for (const action of again) {
      const heap = create();
      const block = heap.malloc(size);
      heap.malloc(size);
      heap.free(block);
      expectRefused(heap, code, () => action(heap, block));
    }
  });

  test("large blocks at random keep their contents, wherever the heap is verified", () => {
    console.log(`${name}, large blocks: TALLYHEAP_SEED=${SEED}`);
    const random = new Random(SEED);
    const heap = create({ maxBytes: 24 * MIB });
    const live: { ptr: Ptr; size: number; seed: number }[] = [];
    for (let i = 0; i < 6000; i++) {
      const grows = live.length < 10 || (live.length < 120 && random.chance(50));
      if (grows) {
        const size = random.chance(70) ? random.pick(SIZES) : 513 + random.below(3 * ARENA);
        let ptr: Ptr;
        try {
          ptr = random.chance(20) ? heap.calloc(1, size) : heap.malloc(size);
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_HEAP_OOM" });
          continue;
        }
        fill(heap, ptr, Math.min(size, 600), i & 0xff);
        live.push({ ptr, size, seed: i & 0xff });
      } else {
        const [block] = live.splice(random.below(live.length), 1);
        expect(holds(heap, block!.ptr, Math.min(block!.size, 600), block!.seed)).toBe(true);
        heap.free(block!.ptr);
      }
      if (random.chance(1)) heap.verify();
    }
    for (const { ptr } of live) heap.free(ptr);
    heap.verify();
  });
});

test("past the pools' cap small requests keep their size classes", () => {
  const heap = release.create({ poolBytes: 8 * KIB });
  const blocks = Array.from({ length: 20_000 }, (_, i) => heap.malloc(1 + (i % 512)));
  expect(blocks.every((block, i) => heap.usableSize(block) <= (i % 512) + 16)).toBe(true);
  const stats = heap.stats();
  expect(stats.poolBytes).toBe(8 * KIB);
  expect(stats.slabBytes + stats.poolBytes).toBeLessThan(1.1 * 20_000 * 265);
  for (const block of blocks) heap.free(block);
  heap.verify();
  expect(heap.stats().heapUsed).toBe(0);
});
