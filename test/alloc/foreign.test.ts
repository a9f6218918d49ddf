import { describe, expect, test } from "vitest";
import { ARENA, at, builds, expectRefused, fill, holds, MIB } from "../support/cores.js";

const WASM_PAGE = 65_536;

describe.each(builds)("a memory that others hold too, $name core", ({ create }) => {
  test("growth by another holder is noticed: its memory is never handed out", () => {
    const memory = new WebAssembly.Memory({ initial: 16 });
    const heap = create({ memory });
    const first = heap.malloc(1000);
    fill(heap, first, 1000, 1);
    const theirs = memory.grow(5) * WASM_PAGE;
    new Uint8Array(memory.buffer, theirs, 5 * WASM_PAGE).fill(0xaa);
    const blocks = Array.from({ length: 200 }, (_, i) => {
      const block = heap.malloc(50_000);
      fill(heap, block, 50_000, i);
      return block;
    });
    heap.verify();
    expect(new Uint8Array(memory.buffer, theirs, 5 * WASM_PAGE).every((byte) => byte === 0xaa)).toBe(true);
    expect(holds(heap, first, 1000, 1)).toBe(true);
    for (const [i, block] of blocks.entries()) {
      expect(block + 50_000 <= theirs || block >= theirs + 5 * WASM_PAGE).toBe(true);
      expect(holds(heap, block, 50_000, i)).toBe(true);
      heap.free(block);
    }
    heap.verify();
  });

  test("their memory is a bad pointer", () => {
    const memory = new WebAssembly.Memory({ initial: 16 });
    const heap = create({ memory });
    const theirs = memory.grow(8) * WASM_PAGE;
    heap.malloc(8 * MIB);
    expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.free(at(theirs + 4096)));
  });

  test("views and statistics are right after their growth, without a call into the core", () => {
    const heap = create();
    const block = heap.malloc(100);
    fill(heap, block, 100, 5);
    const { heapUsed } = heap.statsView;
    heap.memory.grow(3);
    expect(heap.statsView.heapUsed).toBe(heapUsed);
    expect(heap.statsView.heapTotal).toBe(heap.memory.buffer.byteLength);
    expect(holds(heap, block, 100, 5)).toBe(true);
    const end = heap.memory.buffer.byteLength;
    expect(heap.bytes(at(end - 10), 10).length).toBe(10);
    heap.verify();
  });

  test("the heap and another holder may grow the memory in turn", () => {
    const memory = new WebAssembly.Memory({ initial: 8 });
    const heap = create({ memory });
    const blocks = [];
    for (let i = 0; i < 6; i++) {
      memory.grow(1 + (i % 3));
      blocks.push(heap.malloc(5 * MIB));
      heap.verify();
    }
    for (const block of blocks) heap.free(block);
    heap.verify();
    expect(heap.malloc(2 * ARENA)).not.toBe(0);
    heap.reset();
    heap.verify();
    expect(heap.malloc(2 * ARENA)).not.toBe(0);
    heap.verify();
  });

  test("clientBytes are left alone", () => {
    const heap = create({ clientBytes: 300_000 });
    const client = heap.bytes(at(ARENA), 2 * ARENA);
    client.fill(0x5a);
    const blocks = Array.from({ length: 1000 }, (_, i) => heap.calloc(1, i * 50));
    expect(Math.min(...blocks)).toBeGreaterThanOrEqual(3 * ARENA);
    for (const block of blocks) heap.free(block);
    heap.verify();
    expect(heap.bytes(at(ARENA), 2 * ARENA).every((byte) => byte === 0x5a)).toBe(true);
    heap.trim();
    heap.verify();
    expect(heap.bytes(at(ARENA), 2 * ARENA).every((byte) => byte === 0x5a)).toBe(true);
    heap.reset();
    expect(heap.bytes(at(ARENA), 2 * ARENA).every((byte) => byte === 0x5a)).toBe(true);
    expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.free(at(ARENA + 64)));
  });
});
