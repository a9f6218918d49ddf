import { describe, expect, test, vi } from "vitest";
import { STATE_ACTIVE, STATE_RUN_TREE, STATE_POISON } from "../../../bindings/generated/layout.js";
import { coreOf } from "../../../bindings/heap/heap.js";
import {
  HeapError,
  type Heap,
  type HeapErrorCode,
  type LeakReport,
  type MemoryPressure,
} from "../../../bindings/index.js";
import { at, builds, debug, errorOf, expectRefused, fill, holds, MIB, release } from "../../support/cores.js";

/** Every public member, called or read. */
const MEMBERS: Record<string, (heap: Heap) => unknown> = {
  malloc: (heap) => heap.malloc(1),
  "malloc(0)": (heap) => heap.malloc(0),
  calloc: (heap) => heap.calloc(1, 1),
  realloc: (heap) => heap.realloc(at(0), 1),
  alignedAlloc: (heap) => heap.alignedAlloc(16, 1),
  free: (heap) => heap.free(at(0)),
  usableSize: (heap) => heap.usableSize(at(300_000)),
  bytes: (heap) => heap.bytes(at(300_000), 1),
  stats: (heap) => heap.stats(),
  statsView: (heap) => heap.statsView,
  debugMallocStats: (heap) => heap.debugMallocStats(),
  verify: (heap) => heap.verify(),
  memory: (heap) => heap.memory,
  raw: (heap) => heap.raw,
  trim: (heap) => heap.trim(),
  reset: (heap) => heap.reset(),
  int: (heap) => heap.int(1000),
  list: (heap) => heap.list(),
  none: (heap) => heap.none,
  refcount: (heap) => heap.refcount(at(300_000)),
  freeLists: (heap) => heap.freeLists(),
  clearFreeLists: (heap) => heap.clearFreeLists(),
  weakValueMap: (heap) => heap.weakValueMap(),
  weakKeyMap: (heap) => heap.weakKeyMap(),
  weakSet: (heap) => heap.weakSet(),
  gc: (heap) => heap.gc(),
  scope: (heap) => heap.scope(() => 1),
  "collector.enable": (heap) => heap.collector.enable(),
  "collector.isEnabled": (heap) => heap.collector.isEnabled,
  "collector.thresholds": (heap) => heap.collector.thresholds,
  "collector.counts": (heap) => heap.collector.counts,
  "collector.stats": (heap) => heap.collector.stats(),
  "collector.freezeCount": (heap) => heap.collector.freezeCount,
  "collector.objects": (heap) => heap.collector.objects(),
  "collector.referrers": (heap) => heap.collector.referrers(),
  "collector.referents": (heap) => heap.collector.referents(),
  "collector.debug": (heap) => heap.collector.debug,
  "collector.garbage": (heap) => heap.collector.garbage,
};

function expectClosed(heap: Heap, code: HeapErrorCode): void {
  for (const [name, call] of Object.entries(MEMBERS)) {
    expect({ name, code: errorOf(() => call(heap)).code }).toEqual({ name, code });
  }
}

describe.each(builds)("dispose, $name core", ({ create }) => {
  test("every later call is ERR_HEAP_USE_AFTER_DISPOSE; dispose itself may be repeated", () => {
    const heap = create();
    heap.malloc(100);
    expect(heap.disposed).toBe(false);
    heap.dispose();
    heap.dispose();
    expect(heap.disposed).toBe(true);
    expectClosed(heap, "ERR_HEAP_USE_AFTER_DISPOSE");
  });

  test("[Symbol.dispose] is the same", () => {
    const heap = create();
    heap[Symbol.dispose]();
    expect(heap.disposed).toBe(true);
  });

  test("a view of the statistics does not outlive the heap", () => {
    const heap = create();
    const view = heap.statsView;
    heap.dispose();
    expect(errorOf(() => view.heapUsed).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
  });

  test("onLeak hears of the blocks that are still allocated, and of nothing if there are none", () => {
    const reports: LeakReport[] = [];
    const clean = create({ onLeak: (report) => reports.push(report) });
    clean.free(clean.malloc(100));
    clean.dispose();
    expect(reports).toEqual([]);
    const leaky = create({ onLeak: (report) => reports.push(report) });
    for (const size of [16, 1000, 100_000, 1_000_000]) leaky.malloc(size);
    leaky.dispose();
    expect(reports[0]?.blocks).toBe(4);
    expect(reports[0]?.bytes).toBeGreaterThanOrEqual(1_101_016);
  });
});

test("without onLeak the report goes to the console", () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const clean = release.create();
    clean.free(clean.malloc(100));
    clean.dispose();
    expect(log).not.toHaveBeenCalled();
    const leaky = debug.create();
    leaky.malloc(48);
    leaky.dispose();
    expect(log.mock.calls[0]?.[0]).toMatch(/never freed: 1 blocks, 48 bytes[^]*lifecycle\.test/);
    const holding = release.create();
    holding.list();
    holding.dispose();
    expect(log.mock.calls[1]?.[0]).toMatch(/^tallyheap: 1 objects are alive/);
  } finally {
    log.mockRestore();
  }
});

test("the debug entry names each leaked block and who made it", () => {
  const reports: LeakReport[] = [];
  const heap = debug.create({ onLeak: (report) => reports.push(report) });
  const leakOne = (): number => heap.malloc(48);
  const first = heap.malloc(10);
  const leaked = leakOne();
  const raw = heap.raw.malloc(7);
  heap.free(first);
  heap.dispose();
  const [report] = reports;
  expect(report?.leaked.map(({ ptr, size }) => [ptr, size])).toEqual([
    [leaked, 48],
    [raw, 7],
  ]);
  expect(report?.leaked[0]?.allocationStack).toContain("leakOne");
  expect(report).toMatchObject({ blocks: 2, bytes: 55 });
});

describe.each(builds)("callbacks, $name core", ({ create }) => {
  test("onMemoryPressure is called before a request fails, once, and the request is tried again", () => {
    const calls: MemoryPressure[] = [];
    let reserve = at(0);
    const heap: Heap = create({
      maxBytes: 4 * MIB,
      onMemoryPressure: (pressure) => {
        calls.push(pressure);
        heap.free(reserve);
        reserve = at(0);
      },
    });
    reserve = heap.malloc(2 * MIB);
    const block = heap.malloc(3 * MIB);
    expect(heap.usableSize(block)).toBeGreaterThanOrEqual(3 * MIB);
    expect(calls).toEqual([{ size: 3 * MIB, memoryBytes: heap.stats().heapTotal, maxBytes: 4 * MIB }]);
    heap.verify();
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(2 * MIB));
    expect(calls.length).toBe(2);
  });

  test("every request that can fail asks", () => {
    let asked = 0;
    const heap = create({ maxBytes: MIB, onMemoryPressure: () => void asked++ });
    const block = heap.malloc(10);
    for (const call of [
      () => heap.malloc(2 * MIB),
      () => heap.calloc(2, MIB),
      () => heap.realloc(block, 2 * MIB),
      () => heap.alignedAlloc(4096, 2 * MIB),
    ]) {
      const before = asked;
      expectRefused(heap, "ERR_HEAP_OOM", call);
      expect(asked).toBe(before + 1);
    }
    expectRefused(heap, "ERR_HEAP_ARGUMENT", () => heap.malloc(-1));
    expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.realloc(at(64), 10));
    expect(asked).toBe(4);
  });

  test("it may allocate, and is not called again from inside", () => {
    let depth = 0;
    let deepest = 0;
    const heap: Heap = create({
      maxBytes: MIB,
      onMemoryPressure: () => {
        deepest = Math.max(deepest, ++depth);
        heap.free(heap.malloc(100));
        expect(errorOf(() => heap.malloc(2 * MIB)).code).toBe("ERR_HEAP_OOM");
        depth--;
      },
    });
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(2 * MIB));
    expect(deepest).toBe(1);
  });

  test("if it frees the very block that is to be resized, that is a bad pointer and no crash", () => {
    const heap: Heap = create({ maxBytes: MIB, onMemoryPressure: () => heap.free(block) });
    heap.malloc(64);
    const block = heap.malloc(64);
    const error = errorOf(() => heap.realloc(block, 2 * MIB));
    expect(["ERR_HEAP_DOUBLE_FREE", "ERR_HEAP_BAD_POINTER"]).toContain(error.code);
    heap.verify();
  });

  test("trim, reset and dispose inside it are ERR_HEAP_BUSY", () => {
    const codes: string[] = [];
    const heap: Heap = create({
      maxBytes: MIB,
      onMemoryPressure: () => {
        for (const call of [() => heap.trim(), () => heap.reset(), () => heap.dispose()])
          codes.push(errorOf(call).code);
      },
    });
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(2 * MIB));
    expect(codes).toEqual(["ERR_HEAP_BUSY", "ERR_HEAP_BUSY", "ERR_HEAP_BUSY"]);
  });

  test("what it throws goes to onUnraisable, and the request is tried again all the same", () => {
    const unraisable: unknown[] = [];
    const heap: Heap = create({
      maxBytes: MIB,
      onUnraisable: (error) => unraisable.push(error),
      onMemoryPressure: () => {
        heap.free(block);
        throw new Error("from the callback");
      },
    });
    const block = heap.malloc(500_000);
    expect(heap.malloc(600_000)).not.toBe(0);
    expect(unraisable).toEqual([new Error("from the callback")]);
    heap.verify();
  });
});

describe("a trap", () => {
  /** Makes the next 16-byte malloc follow a link that leads out of the memory. */
  function sabotage(heap: Heap): void {
    heap.malloc(16);
    coreOf(heap).setState(STATE_ACTIVE + 2 * 4, 0xffff_fff0);
  }

  test("poisons the heap: it and every later call are ERR_HEAP_CORRUPT", () => {
    const heap = release.create();
    sabotage(heap);
    const error = errorOf(() => heap.malloc(16));
    expect(error.code).toBe("ERR_HEAP_CORRUPT");
    expect(error.cause).toBeInstanceOf(WebAssembly.RuntimeError);
    expectClosed(heap, "ERR_HEAP_CORRUPT");
    heap.dispose();
    expectClosed(heap, "ERR_HEAP_USE_AFTER_DISPOSE");
  });

  test("in the walk of the statistics or of the leaks is ERR_HEAP_CORRUPT, and the heap can be disposed of", () => {
    for (const call of [(heap: Heap) => heap.debugMallocStats(), (heap: Heap) => heap.dispose()]) {
      const heap = release.create({ onLeak: () => {} });
      sabotage(heap);
      try {
        call(heap);
      } catch (error) {
        expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT" });
      }
      try {
        heap.dispose();
      } catch (error) {
        expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT" });
      }
      expect(heap.disposed).toBe(true);
      expectClosed(heap, "ERR_HEAP_USE_AFTER_DISPOSE");
    }
  });

  test("under heap.raw, in a slow path: the heap is verified, and refuses everything only if it is broken", () => {
    for (const isBroken of [true, false]) {
      const heap = release.create();
      const block = heap.malloc(100);
      const core = coreOf(heap);
      if (isBroken) core.setState(STATE_RUN_TREE + 1, 0);
      core.setState(STATE_POISON, 1);
      const attempt = (): unknown => heap.malloc(5000);
      if (isBroken) {
        expect(errorOf(attempt).code).toBe("ERR_HEAP_CORRUPT");
        expectClosed(heap, "ERR_HEAP_CORRUPT");
      } else {
        expect(attempt()).toBeGreaterThan(0);
        core.setState(STATE_POISON, 1);
        heap.free(block);
        heap.verify();
        expect(errorOf(() => heap.free(block)).code).toMatch(/DOUBLE_FREE|BAD_POINTER/);
      }
    }
  });
});

/** Calls `action` at the very end of the stack. */
function atTheEnd(action: () => unknown): void {
  try {
    atTheEnd(action);
  } catch (error) {
    if (error instanceof HeapError) throw error;
    action();
  }
}

/** What comes of it: nothing, a RangeError, or a HeapError. */
function outcome(action: () => unknown): unknown {
  try {
    atTheEnd(action);
    return undefined;
  } catch (error) {
    return error;
  }
}

test("a stack overflow on a fast path leaves a heap that works", () => {
  const heap = release.create();
  const block = heap.malloc(100);
  fill(heap, block, 100, 1);
  heap.free(heap.malloc(100));
  for (let i = 0; i < 20; i++) {
    const error = outcome(() => heap.usableSize(heap.realloc(block, 100 + (i % 3))));
    if (error !== undefined) expect(error).toBeInstanceOf(RangeError);
  }
  expect(holds(heap, block, 100, 1)).toBe(true);
  heap.free(block);
  heap.verify();
});

describe.each(builds)("a stack overflow, $name core", ({ create }) => {
  test("anywhere leaves a heap that works, or one that refuses everything, but never a broken one", () => {
    for (let i = 0; i < 40; i++) {
      const heap = create();
      const block = heap.malloc(100);
      fill(heap, block, 100, 1);
      const error = outcome(() => heap.free(heap.malloc(16 + i * 500)));
      if (error instanceof HeapError) {
        expect(error.code).toBe("ERR_HEAP_CORRUPT");
        expectClosed(heap, "ERR_HEAP_CORRUPT");
        continue;
      }
      if (error !== undefined) expect(error).toBeInstanceOf(RangeError);
      heap.verify();
      expect(holds(heap, block, 100, 1)).toBe(true);
      heap.free(block);
      heap.verify();
    }
  });
});
