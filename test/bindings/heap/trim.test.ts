import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Ptr } from "../../../bindings/index.js";
import { ARENA, builds, errorOf, fill, GIB, holds, MIB, release } from "../../support/cores.js";

describe.each(builds)("trim, $name core", ({ create }) => {
  test("gives memory back, keeps every block where it is, and the heap works on", () => {
    const heap = create();
    const blocks: { ptr: Ptr; size: number; seed: number }[] = [];
    for (let i = 0; i < 3000; i++) {
      const size = (i * 7919) % (i % 50 === 0 ? 300_000 : 3000);
      const ptr = heap.malloc(size);
      fill(heap, ptr, size, i & 0xff);
      blocks.push({ ptr, size, seed: i & 0xff });
    }
    const kept = blocks.filter((_, i) => i % 10 === 0);
    for (const [i, { ptr }] of blocks.entries()) if (i % 10 !== 0) heap.free(ptr);
    const before = heap.stats();
    const released = heap.trim();
    expect(released).toBeGreaterThan(0);
    heap.verify();
    const after = heap.stats();
    expect(after.heapTotal).toBeLessThanOrEqual(before.heapTotal);
    expect(before.heapTotal - released).toBeLessThanOrEqual(after.heapTotal);
    for (const { ptr, size, seed } of kept) expect(holds(heap, ptr, size, seed)).toBe(true);
    const more = Array.from({ length: 1000 }, (_, i) => heap.calloc(1, i * 100));
    for (const [i, block] of more.entries()) {
      expect(heap.bytes(block, i * 100).every((byte) => byte === 0)).toBe(true);
    }
    heap.verify();
    for (const { ptr } of kept) heap.free(ptr);
    for (const block of more) heap.free(block);
    heap.verify();
  });

  test("an empty heap shrinks to its state", () => {
    const heap = create();
    const block = heap.malloc(64 * MIB);
    heap.free(block);
    heap.reset();
    expect(heap.trim()).toBeGreaterThan(64 * MIB);
    expect(heap.stats().heapTotal).toBe(ARENA);
    heap.verify();
    expect(heap.malloc(100)).not.toBe(0);
    expect(heap.malloc(5 * MIB)).not.toBe(0);
    heap.verify();
  });

  test("may be repeated", () => {
    const heap = create();
    const block = heap.malloc(1000);
    fill(heap, block, 1000, 1);
    for (let i = 0; i < 5; i++) {
      heap.trim();
      heap.verify();
      heap.free(heap.malloc(100_000 * i));
    }
    expect(holds(heap, block, 1000, 1)).toBe(true);
  });

  test("keeps the limits", () => {
    const heap = create({ maxBytes: 4 * MIB, smallThreshold: 256 });
    heap.trim();
    expect(errorOf(() => heap.malloc(5 * MIB)).code).toBe("ERR_HEAP_OOM");
    expect(heap.stats().heapSizeLimit).toBe(4 * MIB);
    expect(heap.debugMallocStats()).toContain("threshold = 256");
  });

  test("is ERR_HEAP_SHARED when the memory is known outside", () => {
    const shared = [create({ memory: new WebAssembly.Memory({ initial: 16 }) }), create(), create()];
    void shared[1]?.memory;
    void shared[2]?.raw;
    for (const heap of shared) {
      expect(errorOf(() => heap.trim())).toMatchObject({ code: "ERR_HEAP_SHARED", operation: "trim" });
      heap.verify();
    }
  });

  test("pointer checks survive it", () => {
    const heap = create();
    heap.malloc(64);
    const block = heap.malloc(64);
    heap.free(block);
    heap.trim();
    expect(errorOf(() => heap.free(block)).code).toBe("ERR_HEAP_DOUBLE_FREE");
  });
});

test("a heap over 2 GiB is trimmed without touching what is free", () => {
  const heap = release.create();
  const span = heap.malloc(Math.floor(2.2 * GIB));
  let high = heap.malloc(16);
  while (high < span) high = heap.malloc(16);
  fill(heap, high, 16, 3);
  heap.free(span);
  expect(heap.trim()).toBeGreaterThan(2 * GIB);
  expect(holds(heap, high, 16, 3)).toBe(true);
  heap.verify();
});

test("reset frees everything and keeps the memory", () => {
  for (const { create } of builds) {
    const heap = create({ maxBytes: 32 * MIB });
    for (let i = 0; i < 2000; i++) heap.malloc(i * 10);
    const { heapTotal } = heap.stats();
    heap.reset();
    heap.verify();
    expect(heap.stats()).toMatchObject({
      heapTotal,
      heapUsed: 0,
      arenas: 0,
      spans: 0,
      heapSizeLimit: 32 * MIB,
    });
    const block = heap.malloc(1000);
    fill(heap, block, 1000, 1);
    heap.verify();
    expect(heap.calloc(1, 20_000)).not.toBe(0);
  }
});

describe("resident memory, in a process of its own", () => {
  const script = `
    import { createHeap } from "tallyheap";
    const heap = createHeap();
    const rss = () => process.memoryUsage().rss;
    const collect = async () => {
      for (let i = 0; i < 5; i++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
    };
    const look = () => new Uint32Array(heap.bytes(4096, 1).buffer);
    await collect();
    const start = rss();
    // Each block holds the address of the one before: no list beside the heap.
    let last = 0;
    let words = look();
    for (let left = Number(process.argv[1]); left > 0; left--) {
      const ptr = heap.malloc(16);
      if (words.length === 0) words = look();
      words[ptr >>> 2] = last;
      last = ptr;
    }
    const peak = rss();
    while (last !== 0) {
      const next = words[last >>> 2];
      heap.free(last);
      last = next;
    }
    heap.verify();
    words = undefined;
    const released = heap.trim();
    await collect();
    heap.verify();
    console.log(JSON.stringify({ start, peak, after: rss(), released, total: heap.stats().heapTotal }));
  `;

  /** Resident bytes of a process that takes so many blocks of 16 bytes, frees them all, and trims. */
  function run(count: number): { start: number; peak: number; after: number } {
    const cwd = fileURLToPath(new URL("../../..", import.meta.url));
    const args = ["--expose-gc", "--max-semi-space-size=1", "--input-type=module", "--eval", script];
    const output = execFileSync(process.execPath, [...args, String(count)], { cwd, encoding: "utf8" });
    const { start, peak, after, released, total } = JSON.parse(output) as Record<string, number>;
    expect(released).toBeGreaterThan(16 * count);
    expect(total).toBe(ARENA);
    expect(peak! - start!).toBeGreaterThan(0.95 * 16 * count);
    const [first, most, last] = [start!, peak!, after!].map((bytes) => Math.round(bytes / MIB));
    console.log(`${count} blocks: ${first} MiB at the start, peak ${most} MiB, after trim ${last} MiB`);
    return { start: start!, peak: peak!, after: after! };
  }

  test("after 20·1024·1024 blocks of 16 bytes were freed, trim() takes the process below a quarter of its peak", () => {
    const { peak, after } = run(20 * 1024 * 1024);
    expect(after).toBeLessThan(peak / 4);
  });

  // Node alone takes some 50 MiB, which is all but a quarter of this peak.
  test("of 10·1024·1024 blocks nothing is left but what the process had before, and a tenth of them", () => {
    const { start, peak, after } = run(10 * 1024 * 1024);
    expect(after - start).toBeLessThan((peak - start) / 10);
  });
});
