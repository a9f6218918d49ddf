import { describe, expect, test } from "vitest";
import type { HeapStats } from "../../../bindings/index.js";
import {
  STATE_SENTINEL,
  STATE_STATS,
  STAT_SPAN_PAGES,
  STAT_TABLE_PAGES,
} from "../../../bindings/generated/layout.js";
import { coreOf } from "../../../bindings/heap/heap.js";
import { ARENA, builds, debug, errorOf, GIB, MIB, PAGE, release } from "../../support/cores.js";

describe.each(builds)("stats, $name core", ({ create }) => {
  test("is a plain, versioned object that adds up", () => {
    const heap = create();
    for (let size = 1; size < 200_000; size = Math.ceil(size * 1.3)) heap.malloc(size);
    const stats = heap.stats();
    expect(Object.getPrototypeOf(stats)).toBe(Object.prototype);
    expect(stats.version).toBe(1);
    expect(stats.heapUsed).toBe(stats.poolBytes + stats.slabBytes + stats.spanBytes + stats.tableBytes);
    expect(stats.heapUsed).toBeLessThanOrEqual(stats.arenas * ARENA);
    expect(stats.heapUsed + stats.reservedBytes).toBeLessThanOrEqual(stats.heapTotal);
    expect(stats.heapTotal).toBe(heap.memory.buffer.byteLength);
    expect(stats.heapSizeLimit).toBe(4 * GIB);
    expect(stats.totalAvailableSize).toBe(4 * GIB - ARENA - stats.reservedBytes - stats.heapUsed);
    expect(stats.arenasAllocated - stats.arenasReclaimed).toBe(stats.arenas);
    expect(stats.arenasHighWater).toBeGreaterThanOrEqual(stats.arenas);
  });

  test("an object that was taken does not change", () => {
    const heap = create();
    const before = heap.stats();
    const copy = { ...before };
    heap.malloc(MIB);
    expect(before).toEqual(copy);
    expect(heap.stats().spanBytes).toBeGreaterThan(before.spanBytes);
  });

  test("statsView reads the same numbers, always current, always the same object", () => {
    const heap = create();
    const view = heap.statsView;
    const read = (stats: HeapStats): HeapStats =>
      ({
        ...Object.fromEntries(
          (Object.keys(heap.stats()) as (keyof HeapStats)[]).map((key) => [key, stats[key]]),
        ),
      }) as unknown as HeapStats;
    for (let i = 0; i < 5; i++) {
      heap.malloc(10 ** (i + 2));
      expect(read(view)).toEqual(heap.stats());
    }
    expect(heap.statsView).toBe(view);
    heap.trim();
    expect(read(view)).toEqual(heap.stats());
    heap.reset();
    expect(view.heapUsed).toBe(0);
  });

  test("JSON shows the numbers of now", () => {
    const heap = create();
    heap.malloc(100_000);
    expect(JSON.parse(JSON.stringify(heap.statsView))).toEqual(heap.stats());
  });

  test("what others took of the memory is not available, seen or unseen", () => {
    const heap = create({ maxBytes: 16 * MIB });
    const before = heap.stats().totalAvailableSize;
    const { memory } = heap;
    memory.grow(5);
    expect(heap.stats().totalAvailableSize).toBe(before - 2 * ARENA);
    heap.malloc(2 * MIB);
    const { heapUsed, totalAvailableSize } = heap.stats();
    expect(totalAvailableSize).toBe(before - 2 * ARENA - heapUsed);
  });

  test("the rest of an arena below the limit is not available", () => {
    const heap = create({ maxBytes: MIB + 3 * 65_536 });
    expect(heap.stats().totalAvailableSize).toBe(MIB - ARENA);
  });

  test("stays cheap however large the heap is", () => {
    const heap = create();
    const time = (): number => {
      const start = performance.now();
      for (let i = 0; i < 2000; i++) heap.stats();
      return performance.now() - start;
    };
    time();
    const small = Math.min(time(), time(), time());
    for (let i = 0; i < 2000; i++) heap.raw.malloc(60_000);
    const large = Math.min(time(), time(), time());
    expect(large).toBeLessThan(10 * small + 20);
  });
});

describe("what the numbers mean, release core", () => {
  test("pools, slabs, spans and page tables", () => {
    const heap = release.create();
    heap.malloc(100);
    expect(heap.stats()).toMatchObject({ poolBytes: PAGE, tableBytes: PAGE, arenas: 1, spans: 0 });
    const span = heap.malloc(40_000);
    expect(heap.stats()).toMatchObject({ spanBytes: 10 * PAGE, spans: 1 });
    const huge = heap.malloc(4 * ARENA);
    expect(heap.stats().spans).toBe(2);
    expect(heap.stats().arenas).toBeGreaterThanOrEqual(5);
    heap.free(huge);
    heap.free(span);
    expect(heap.stats()).toMatchObject({ spanBytes: 0, spans: 0, arenas: 1 });
  });

  test("grows and growsFailed count", () => {
    const heap = release.create({ maxBytes: 16 * MIB });
    heap.malloc(8 * MIB);
    expect(heap.stats()).toMatchObject({ grows: 1, growsFailed: 0 });
    expect(() => heap.malloc(32 * MIB)).toThrow();
    expect(heap.stats().growsFailed).toBe(1);
  });
});

describe("debugMallocStats: the text of sys._debugmallocstats()", () => {
  /** Value of the line that begins with `label`. */
  function value(text: string, label: string): number {
    const line = text.split("\n").find((candidate) => candidate.startsWith(label));
    return Number(line?.split("=")[1]?.replaceAll(",", "").trim());
  }

  const DETAILS = [
    "# bytes in allocated blocks",
    "# bytes in available blocks",
    "# bytes lost to pool headers",
    "# bytes lost to quantization",
    "# bytes lost to arena alignment",
    "# bytes in spans",
  ];

  function sum(text: string): number {
    const unused = Number(/^(\d+) unused pools/m.exec(text)?.[1]) * PAGE;
    return DETAILS.reduce((total, label) => total + value(text, label), unused);
  }

  test.each(builds)("its closing sum is the arenas' bytes at every moment, $name core", ({ create }) => {
    const heap = create();
    const blocks = [];
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 100; i++) blocks.push(heap.malloc((round * i * 37) % 50_000));
      blocks.push(heap.malloc(round * 30_000));
      for (let i = 0; i < 60; i++) heap.free(blocks.splice((i * 7919) % blocks.length, 1)[0]!);
      const text = heap.debugMallocStats();
      expect(value(text, "Total")).toBe(heap.stats().arenas * ARENA);
      expect(sum(text)).toBe(value(text, "Total"));
    }
    for (const block of blocks) heap.free(block);
    expect(sum(heap.debugMallocStats())).toBe(heap.stats().arenas * ARENA);
  });

  test("has CPython's lines in CPython's order and columns", () => {
    const heap = release.create();
    for (let i = 0; i < 1000; i++) heap.malloc(16);
    heap.malloc(100_000);
    const lines = heap.debugMallocStats().split("\n");
    expect(lines.slice(0, 6)).toEqual([
      "Small block threshold = 512, in 64 size classes.",
      "",
      "class   size   num pools   blocks in use  avail blocks",
      "-----   ----   ---------   -------------  ------------",
      "    1     16           4            1000            24",
      "",
    ]);
    expect(lines.slice(6, 11)).toEqual([
      "# arenas allocated total           =                    1",
      "# arenas reclaimed                 =                    0",
      "# arenas highwater mark            =                    1",
      "# arenas allocated current         =                    1",
      "1 arenas * 262144 bytes/arena      =              262,144",
    ]);
    expect(lines.slice(12).map((line) => line.replace(/ *=.*/, ""))).toEqual([
      "# bytes in allocated blocks",
      "# bytes in available blocks",
      "34 unused pools * 4096 bytes",
      "# bytes lost to pool headers",
      "# bytes lost to quantization",
      "# bytes lost to arena alignment",
      "# bytes in spans",
      "Total",
      "",
      "arena map counts",
      "# bytes lost to arena map root",
      "",
    ]);
  });

  test("its closing sum is a check: three books must agree", () => {
    const books = [
      [STAT_SPAN_PAGES, "pages of spans"],
      [STAT_TABLE_PAGES, "page tables"],
    ] as const;
    for (const [offset, name] of books) {
      const heap = release.create();
      heap.malloc(100_000);
      heap.malloc(100);
      const core = coreOf(heap);
      core.setState(STATE_STATS + offset, core.state(STATE_STATS + offset) + 1);
      expect(errorOf(() => heap.debugMallocStats()).code).toBe("ERR_HEAP_CORRUPT");
      const error = errorOf(() => heap.verify());
      expect(error.message).toContain(`counted: ${name}`);
      expect(error.address).toBe(core.stateAddress(STATE_STATS + offset));
    }
  });

  test("damage to the zeroes of the state block is not called the null page's", () => {
    const heap = release.create();
    coreOf(heap).setState(STATE_SENTINEL + 8, 1);
    const { message } = errorOf(() => heap.verify());
    expect(message).toContain("sentinel");
    expect(message).not.toContain("null page");
  });

  test("counts blocks in use exactly", () => {
    const heap = release.create();
    const blocks = Array.from({ length: 777 }, () => heap.malloc(64));
    for (const block of blocks.splice(0, 333)) heap.free(block);
    const text = heap.debugMallocStats();
    expect(text).toMatch(/^ {4}7 +64 +\d+ +444 +\d+$/m);
    expect(value(text, "# bytes in allocated blocks")).toBe(444 * 64);
  });

  test("an empty heap", () => {
    const text = release.create().debugMallocStats();
    expect(value(text, "Total")).toBe(0);
    expect(value(text, "# arenas allocated current")).toBe(0);
  });

  test("the debug core adds the number of blocks ever made", () => {
    const heap = debug.create();
    for (let i = 0; i < 12; i++) heap.free(heap.malloc(i));
    expect(value(heap.debugMallocStats(), "# times object malloc called")).toBe(12);
  });
});
