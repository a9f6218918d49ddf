/** Where blocks come to lie, and what a request leaves behind: what holds the heap low and loses nothing. */
import { describe, expect, test } from "vitest";
import { builds, expectRefused, KIB, MIB } from "../support/cores.js";

describe.each(builds)("placement, $name core", ({ name, create }) => {
  test.skipIf(name === "debug")("a run of arenas that fits exactly is taken again", () => {
    const heap = create();
    const [first, second, third] = [heap.malloc(12 * MIB), heap.malloc(12 * MIB), heap.malloc(12 * MIB)];
    heap.free(second);
    expect(heap.malloc(12 * MIB)).toBe(second);
    heap.free(first);
    heap.free(third);
    heap.verify();
  });

  test("memory grows by no more than the cap at a time", () => {
    const step = 512 * KIB;
    const heap = create({
      initialBytes: 4 * MIB,
      growth: { factor: 4, floorBytes: 4 * MIB, capBytes: step },
    });
    let before = heap.stats().heapTotal;
    for (let i = 0; i < 300; i++) {
      heap.malloc(30_000);
      const { heapTotal } = heap.stats();
      expect(heapTotal - before).toBeLessThanOrEqual(step);
      before = heapTotal;
    }
    expect(before).toBeGreaterThan(4 * MIB);
  });

  test("a span at the end of the heap grows although others grew the memory, and keeps no arenas that it cannot use", () => {
    const memory = new WebAssembly.Memory({ initial: 16 });
    const heap = create({ memory });
    let span = heap.malloc(600 * KIB);
    memory.grow(8);
    span = heap.realloc(span, 4 * MIB);
    heap.verify();
    heap.free(span);
    heap.verify();
    heap.reset();
    expect(heap.stats().arenas).toBe(0);
  });

  test.each(["free", "realloc", "usableSize"] as const)(
    "%s refuses a pointer into the first page of a span",
    (call) => {
      const heap = create();
      const span = heap.malloc(100_000);
      const inside = (span + 64) as typeof span;
      const calls = {
        free: () => heap.free(inside),
        realloc: () => heap.realloc(inside, 200_000),
        usableSize: () => heap.usableSize(inside),
      };
      expectRefused(heap, "ERR_HEAP_BAD_POINTER", calls[call]);
      heap.free(span);
    },
  );
});
