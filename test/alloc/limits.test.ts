import { describe, expect, test } from "vitest";
import type { Heap, LeakReport, Ptr } from "../../bindings/index.js";
import {
  ARENA,
  at,
  builds,
  debug,
  expectRefused,
  failGrowth,
  fill,
  holds,
  KIB,
  MIB,
} from "../support/cores.js";

interface Block {
  readonly ptr: Ptr;
  readonly size: number;
  readonly seed: number;
}

/** Allocates until the heap says no; the blocks. */
function exhaust(heap: Heap, size: number): Block[] {
  const blocks: Block[] = [];
  for (;;) {
    try {
      const block = { ptr: heap.malloc(size), size, seed: blocks.length & 0xff };
      fill(heap, block.ptr, Math.min(size, 64), block.seed);
      blocks.push(block);
    } catch {
      return blocks;
    }
  }
}

/** A script that grows the memory by every member of the family; the blocks it got. */
function script(heap: Heap): Block[] {
  const blocks: Block[] = [];
  const attempt = (size: number, call: () => Ptr): Block | undefined => {
    try {
      const block = { ptr: call(), size, seed: blocks.length & 0xff };
      fill(heap, block.ptr, size, block.seed);
      blocks.push(block);
      return block;
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_HEAP_OOM" });
      return undefined;
    }
  };
  for (let i = 0; i < 24; i++) {
    for (let k = 0; k < 40; k++) attempt(500, () => heap.malloc(500));
    for (let k = 0; k < 10; k++) attempt(9000, () => heap.calloc(9, 1000));
    attempt(600_000, () => heap.malloc(600_000));
    attempt(70_000, () => heap.alignedAlloc(65_536, 70_000));
    const small = attempt(100, () => heap.malloc(100));
    if (small && attempt(400_000, () => heap.realloc(small.ptr, 400_000)))
      blocks.splice(blocks.indexOf(small), 1);
  }
  return blocks;
}

function intact(heap: Heap, blocks: readonly Block[]): boolean {
  return blocks.every(({ ptr, size, seed }) => holds(heap, ptr, Math.min(size, 64), seed));
}

describe.each(builds)("when memory runs out, $name core", ({ create }) => {
  test.each([16, 100, 512, 2000, 32_768, 100_000, 300_000])(
    "maxBytes holds for blocks of %i bytes",
    (size) => {
      const heap = create({ maxBytes: 4 * MIB });
      const blocks = exhaust(heap, size);
      expect(blocks.length * heap.usableSize(blocks[0]!.ptr)).toBeGreaterThan(MIB / 2);
      const error = expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(size));
      expect(error).toMatchObject({ operation: "malloc", size, maxBytes: 4 * MIB, memoryBytes: 4 * MIB });
      expect(heap.stats().heapTotal).toBeLessThanOrEqual(4 * MIB);
      expect(intact(heap, blocks)).toBe(true);
      for (const { ptr } of blocks) heap.free(ptr);
      heap.verify();
    },
  );

  test("§1.1 out of memory: after ERR_HEAP_OOM freeing makes the heap usable again", () => {
    const heap = create({ maxBytes: 2 * MIB });
    const blocks = exhaust(heap, 1000);
    for (const { ptr } of blocks.splice(0, 100)) heap.free(ptr);
    expect(exhaust(heap, 1000).length).toBeGreaterThanOrEqual(90);
    expect(intact(heap, blocks)).toBe(true);
    heap.verify();
  });

  test("every member of the family reports the numbers and leaves the heap as it was", () => {
    const heap = create({ maxBytes: 2 * MIB });
    const block = heap.malloc(100);
    const before = heap.stats();
    const calls = {
      malloc: () => heap.malloc(8 * MIB),
      calloc: () => heap.calloc(8, MIB),
      realloc: () => heap.realloc(block, 8 * MIB),
      alignedAlloc: () => heap.alignedAlloc(4096, 8 * MIB),
    };
    for (const [operation, call] of Object.entries(calls)) {
      const error = expectRefused(heap, "ERR_HEAP_OOM", call);
      expect(error).toMatchObject({ operation, size: 8 * MIB, maxBytes: 2 * MIB });
    }
    expect({ ...heap.stats(), growsFailed: 0, grows: 0, heapTotal: 0 }).toEqual({
      ...before,
      growsFailed: 0,
      grows: 0,
      heapTotal: 0,
    });
  });

  test("the largest sizes there are", () => {
    const heap = create({ maxBytes: 2 * MIB });
    for (const size of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 65_536, 2 ** 32 - 4096, 2 ** 32 - 17, 2 ** 32 - 1]) {
      expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(size));
      expectRefused(heap, "ERR_HEAP_OOM", () => heap.calloc(1, size));
      expectRefused(heap, "ERR_HEAP_OOM", () => heap.calloc(size, 1));
      expectRefused(heap, "ERR_HEAP_OOM", () => heap.alignedAlloc(65_536, size));
      const small = heap.malloc(64);
      expectRefused(heap, "ERR_HEAP_OOM", () => heap.realloc(small, size));
      const large = heap.malloc(100_000);
      expectRefused(heap, "ERR_HEAP_OOM", () => heap.realloc(large, size));
      heap.free(small);
      heap.free(large);
    }
  });

  test("a memory that cannot grow, though maxBytes would allow it", () => {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 32 });
    const heap = create({ memory });
    const blocks = exhaust(heap, 10_000);
    expect(memory.buffer.byteLength).toBe(2 * MIB);
    expect(blocks.length).toBeGreaterThan(100);
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(10_000));
    expect(heap.stats().growsFailed).toBeGreaterThan(0);
    for (const { ptr } of blocks) heap.free(ptr);
    heap.malloc(MIB);
    heap.verify();
  });

  test("wherever the memory ends, a script that goes on loses nothing", () => {
    for (let arenas = 2; arenas <= 130; arenas += arenas < 20 ? 1 : 10) {
      const leaks: LeakReport[] = [];
      const maxBytes = arenas * ARENA;
      const heap = create({ initialBytes: ARENA, maxBytes, onLeak: (report) => leaks.push(report) });
      const blocks = script(heap);
      heap.verify();
      for (const { ptr, size, seed } of blocks) {
        expect(holds(heap, ptr, size, seed)).toBe(true);
        heap.free(ptr);
      }
      heap.verify();
      heap.dispose();
      expect(leaks).toEqual([]);
    }
  });

  test("a limit that is no multiple of an arena is kept", () => {
    const heap = create({ maxBytes: 3 * ARENA + 100 * KIB, initialBytes: ARENA });
    exhaust(heap, 1000);
    expect(heap.stats().heapTotal).toBeLessThanOrEqual(3 * ARENA + 100 * KIB);
    heap.verify();
  });
});

describe("injected failures of growth, debug core", () => {
  /** The script, and a span for which the memory has to grow once more. */
  function longScript(heap: Heap): Block[] {
    const blocks = script(heap);
    heap.free(heap.malloc(64 * MIB));
    return blocks;
  }

  function growths(): number {
    const heap = debug.create({ initialBytes: ARENA });
    longScript(heap);
    return heap.stats().grows;
  }

  test("failing the n-th growth for every n loses nothing", () => {
    const total = growths();
    expect(total).toBeGreaterThan(1);
    for (let n = 1; n <= total; n++) {
      const leaks: LeakReport[] = [];
      const heap = debug.create({ initialBytes: ARENA, onLeak: (report) => leaks.push(report) });
      failGrowth(heap, n);
      const blocks = longScript(heap);
      heap.verify();
      for (const { ptr, size, seed } of blocks) {
        expect(holds(heap, ptr, size, seed)).toBe(true);
        heap.free(ptr);
      }
      heap.verify();
      heap.dispose();
      expect(leaks).toEqual([]);
    }
  });

  test("a growth that fails is tried smaller before the request is refused", () => {
    const heap = debug.create({ initialBytes: ARENA });
    failGrowth(heap, 1);
    heap.malloc(100);
    expect(heap.stats().grows).toBe(1);
    heap.verify();
  });

  test("when every growth fails, requests fail and nothing else", () => {
    const heap = debug.create({ initialBytes: 2 * ARENA });
    const blocks: Block[] = [];
    for (let i = 0; i < 2000; i++) {
      failGrowth(heap, 1);
      try {
        const ptr = heap.malloc(1000);
        fill(heap, ptr, 1000, i & 0xff);
        blocks.push({ ptr, size: 1000, seed: i & 0xff });
      } catch (error) {
        failGrowth(heap, 0);
        expect((error as Error).message).toContain("out of memory");
        break;
      }
    }
    for (const { ptr, size, seed } of blocks) expect(holds(heap, ptr, size, seed)).toBe(true);
    heap.verify();
    expect(heap.realloc(at(0), 10)).not.toBe(0);
  });
});
