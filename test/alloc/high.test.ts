import { describe, expect, test } from "vitest";
import { fill, GIB, holds, release } from "../support/cores.js";

const SPAN = Math.floor(2.2 * GIB);

describe("a heap over 2 GiB", () => {
  test("a 16-byte block above an untouched span of 2.2 GiB works, is found, and frees", () => {
    const heap = release.create();
    const span = heap.malloc(SPAN);
    expect(heap.usableSize(span)).toBeGreaterThanOrEqual(SPAN);
    let block = heap.malloc(16);
    while (block < span) block = heap.malloc(16);
    expect(block).toBeGreaterThan(2 ** 31);
    fill(heap, block, 16, 77);
    expect(holds(heap, block, 16, 77)).toBe(true);
    expect(heap.usableSize(block)).toBe(16);
    expect(heap.realloc(block, 15)).toBe(block);
    const moved = heap.realloc(block, 1000);
    expect(moved).toBeGreaterThan(2 ** 31);
    expect(holds(heap, moved, 16, 77)).toBe(true);
    heap.verify();
    heap.free(moved);
    heap.free(span);
    heap.verify();
    expect(heap.stats().spanBytes).toBe(0);
  });

  test("raw pointers are unsigned too", () => {
    const heap = release.create();
    const span = heap.raw.malloc(SPAN);
    expect(span).toBeGreaterThan(0);
    const above = heap.raw.calloc(1, 300_000);
    expect(above).toBeGreaterThan(2 ** 31);
    expect(heap.raw.realloc(above, 500_000)).toBeGreaterThan(2 ** 31);
    expect(heap.raw.alignedAlloc(65_536, 270_000)).toBeGreaterThan(2 ** 31);
    heap.verify();
  });

  test("memory fills to just below 4 GiB, and no further", () => {
    const heap = release.create();
    const spans = [];
    for (;;) {
      const span = heap.raw.malloc(GIB / 4);
      if (span === 0) break;
      spans.push(span);
    }
    expect(spans.length).toBeGreaterThanOrEqual(14);
    expect(Math.max(...spans) + GIB / 4).toBeLessThan(2 ** 32);
    const pages = [];
    for (;;) {
      const span = heap.raw.malloc(50_000);
      if (span === 0) break;
      pages.push(span);
    }
    const highest = Math.max(...pages, ...spans);
    expect(highest).toBeGreaterThan(3.9 * GIB);
    fill(heap, Math.max(...pages) as (typeof pages)[number], 50_000, 1);
    heap.verify();
    for (const span of [...spans, ...pages]) heap.free(span);
    heap.verify();
    expect(heap.stats().arenas).toBe(0);
  });
});
