import { describe, expect, test } from "vitest";
import {
  allBytes,
  ARENA,
  at,
  builds,
  expectRefused,
  fill,
  holds,
  KIB,
  MIB,
  PAGE,
  release,
} from "../support/cores.js";

describe.each(builds)("realloc, $name core", ({ create }) => {
  test("§1.1 null: realloc(null, n) is malloc(n)", () => {
    const heap = create();
    const block = heap.realloc(at(0), 100);
    expect(block).not.toBe(0);
    expect(heap.usableSize(block)).toBeGreaterThanOrEqual(100);
    heap.free(block);
    expect(heap.realloc(at(0), 0)).not.toBe(0);
    heap.verify();
  });

  test("§1.2 size zero: realloc(p, 0) shrinks and never frees", () => {
    const heap = create();
    for (const size of [1, 16, 500, 5000, 100_000, MIB]) {
      const block = heap.malloc(size);
      const shrunk = heap.realloc(block, 0);
      expect(shrunk).not.toBe(0);
      heap.usableSize(shrunk); // throws if it were free
      heap.free(shrunk);
    }
    heap.verify();
  });

  test("§1.2 contents: contents are kept up to the smaller size, from every size to every size", () => {
    const heap = create();
    const sizes = [
      1,
      8,
      9,
      16,
      100,
      300,
      512,
      513,
      2000,
      4096,
      20_000,
      32_768,
      32_769,
      70_000,
      ARENA,
      2 * ARENA + 9,
    ];
    for (const from of sizes) {
      for (const to of sizes) {
        const block = heap.malloc(from);
        fill(heap, block, from, from & 0xff);
        const moved = heap.realloc(block, to);
        expect({ from, to, kept: holds(heap, moved, Math.min(from, to), from & 0xff) }).toEqual({
          from,
          to,
          kept: true,
        });
        heap.free(moved);
      }
    }
    heap.verify();
  });

  test("§1.2 failed resize: a failure leaves the old block intact", () => {
    const heap = create({ maxBytes: 2 * MIB });
    const block = heap.malloc(300);
    fill(heap, block, 300, 3);
    const error = expectRefused(heap, "ERR_HEAP_OOM", () => heap.realloc(block, 3 * MIB));
    expect(error.size).toBe(3 * MIB);
    expect(holds(heap, block, 300, 3)).toBe(true);
    heap.free(block);
    heap.verify();
  });

  test("a block that grows step by step keeps its contents", () => {
    const heap = create();
    let block = heap.malloc(1);
    let size = 1;
    fill(heap, block, 1, 9);
    while (size < MIB) {
      const next = Math.ceil(size * 1.3);
      block = heap.realloc(block, next);
      expect(holds(heap, block, size, 9)).toBe(true);
      fill(heap, block, next, 9);
      size = next;
    }
    heap.free(block);
    heap.verify();
  });
});

describe("the three-quarter rule, release core", () => {
  test("§1.2 resize rule: a 400-byte block stays for 301 bytes and moves for 300", () => {
    const heap = release.create();
    const block = heap.malloc(400);
    expect(heap.usableSize(block)).toBe(400);
    expect(heap.realloc(block, 301)).toBe(block);
    const moved = heap.realloc(block, 300);
    expect(moved).not.toBe(block);
    expect(heap.usableSize(moved)).toBe(304);
  });

  test("§1.2 resize rule, same class: it holds for every block of a class: in place iff the new size fits and is over three quarters", () => {
    const heap = release.create();
    for (const size of [32, 64, 128, 208, 512, 576, 1024, 4096, 20_480, 32_768]) {
      for (let to = Math.floor(size / 2); to <= size; to += Math.max(1, size >> 6)) {
        const block = heap.malloc(size);
        const moved = heap.realloc(block, to);
        const other = heap.malloc(to);
        const stays = 4 * to > 3 * size || heap.usableSize(other) === size;
        expect({ size, to, stayed: moved === block }).toEqual({ size, to, stayed: stays });
        heap.free(moved);
        heap.free(other);
      }
    }
  });

  test("growing within the block's own bytes stays in place", () => {
    const heap = release.create();
    const block = heap.malloc(97);
    expect(heap.realloc(block, 112)).toBe(block);
    expect(heap.realloc(block, 113)).not.toBe(block);
  });
});

describe("large blocks resize in place, release core", () => {
  test("§1.2 pages: a span shrinks in place and its pages serve others", () => {
    const heap = release.create();
    const block = heap.malloc(50 * PAGE);
    const before = heap.stats().spanBytes;
    expect(heap.realloc(block, 20 * PAGE)).toBe(block);
    expect(heap.stats().spanBytes).toBe(before - 30 * PAGE);
    heap.verify();
  });

  test("§1.2 pages: a span grows in place while the pages behind it are free", () => {
    const heap = release.create();
    const block = heap.malloc(10 * PAGE);
    expect(heap.realloc(block, 20 * PAGE)).toBe(block);
    heap.malloc(35 * PAGE);
    heap.verify();
  });

  test("a huge span grows in place into the arenas behind it, and shrinks back", () => {
    const heap = release.create();
    const block = heap.malloc(5 * ARENA);
    fill(heap, block, 1000, 1);
    expect(heap.realloc(block, 40 * ARENA)).toBe(block);
    heap.verify();
    expect(heap.realloc(block, 2 * ARENA)).toBe(block);
    expect(holds(heap, block, 1000, 1)).toBe(true);
    heap.verify();
    heap.free(block);
    heap.verify();
    expect(heap.stats().arenas).toBe(0);
  });

  test("a span that becomes small moves to a pool", () => {
    const heap = release.create();
    const block = heap.malloc(100 * KIB);
    fill(heap, block, 100, 5);
    const small = heap.realloc(block, 100);
    expect(holds(heap, small, 100, 5)).toBe(true);
    expect(heap.stats().spanBytes).toBe(0);
  });

  test("calloc after a grown and shrunk span is zero", () => {
    const heap = release.create();
    const block = heap.malloc(3 * ARENA);
    heap.bytes(block, 3 * ARENA).fill(0xee);
    heap.realloc(block, 40_000);
    const zeroed = heap.calloc(2, ARENA);
    expect(allBytes(heap, zeroed, 2 * ARENA, 0)).toBe(true);
    heap.verify();
  });
});
