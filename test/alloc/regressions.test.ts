/** Bugs that were found once: each stays a test. */
import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../bindings/index.js";
import { ARENA, at, builds, release } from "../support/cores.js";

/** Takes blocks until the heap is exhausted. */
function drain(take: () => Ptr): Ptr[] {
  const blocks: Ptr[] = [];
  for (;;) {
    try {
      blocks.push(take());
    } catch {
      return blocks;
    }
  }
}

function refusal(call: () => void): string {
  try {
    call();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "accepted";
}

describe.each(builds)("$name core", ({ create }) => {
  test.each([256, 512] as const)("alignment holds past the pools' cap (threshold %i)", (smallThreshold) => {
    for (const alignment of [32, 64, 128, 256, 512, 4096]) {
      const heap = create({ poolBytes: 0, smallThreshold });
      for (let i = 0; i < 50; i++) expect(heap.alignedAlloc(alignment, alignment) % alignment).toBe(0);
      heap.verify();
    }
  });
});

describe("release core", () => {
  test("a stale pointer after a realloc that moved is a double free", () => {
    const heap = release.create();
    const old = heap.malloc(16);
    heap.malloc(16);
    heap.realloc(old, 200);
    expect(refusal(() => heap.free(old))).toBe("ERR_HEAP_DOUBLE_FREE");
    heap.verify();
  });

  test("a block that was carved and never handed out is refused", () => {
    const heap = release.create();
    const block = heap.malloc(16);
    expect(refusal(() => heap.free(at(block + 16)))).toBe("ERR_HEAP_BAD_POINTER");
    heap.verify();
  });

  test("a free list that user data made into a ring does not hang the check", () => {
    const heap = release.create();
    const blocks = Array.from({ length: 8 }, () => heap.malloc(64));
    const [first, second] = blocks as [Ptr, Ptr];
    heap.free(first);
    heap.free(second);
    const words = new Uint32Array(heap.memory.buffer);
    words[first >>> 2] = second; // first → second → first
    const third = blocks[2]!;
    words[(third >>> 2) + 1] = (words[(first >>> 2) + 1]! ^ first ^ third) >>> 0; // a mark that is true data
    heap.free(third);
    expect(() => heap.verify()).toThrow(/ERR_HEAP_CORRUPT|free list/);
  });

  test("an aligned run is found even where the longest run does not promise one", () => {
    const heap = release.create({ maxBytes: 2 * ARENA });
    const blocks = drain(() => heap.alignedAlloc(65_536, 65_536));
    drain(() => heap.malloc(36_864));
    drain(() => heap.malloc(4096));
    heap.free(blocks[1]!);
    expect(heap.alignedAlloc(65_536, 65_536) % 65_536).toBe(0);
    heap.verify();
  });

  test("of several long runs of arenas the one that fits is found", () => {
    const heap = release.create({ maxBytes: 400 * ARENA });
    const big = heap.malloc(46 * ARENA - 8192);
    const runs: Ptr[] = [];
    heap.malloc(ARENA);
    for (let i = 0; i < 4; i++) {
      runs.push(heap.malloc(34 * ARENA));
      heap.malloc(ARENA);
    }
    drain(() => heap.malloc(ARENA));
    heap.free(big);
    for (const run of runs) heap.free(run);
    heap.malloc(44 * ARENA);
    heap.verify();
  });

  test("idle pools make room under the pools' cap", () => {
    const heap = release.create({ poolBytes: 4096 });
    heap.free(heap.malloc(16));
    expect(heap.usableSize(heap.malloc(32))).toBe(32);
  });

  test("a write past a block is named by verify(), which does not run into it", () => {
    const heap = release.create();
    const block = heap.malloc(16);
    new Uint32Array(heap.memory.buffer)[(block + 16) >>> 2] = 0xdddd_dddc;
    expect(refusal(() => heap.verify())).toBe("ERR_HEAP_CORRUPT");
    const other: Heap = release.create();
    other.malloc(16);
    other.verify();
  });
});
