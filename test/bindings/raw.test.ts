import { describe, expect, test } from "vitest";
import { at, builds, release } from "../support/cores.js";

describe.each(builds)("heap.raw, $name core", ({ create }) => {
  test("is the malloc family with C's manners", () => {
    const heap = create({ maxBytes: 2 ** 21 });
    const { raw } = heap;
    expect(heap.raw).toBe(raw);
    const block = raw.malloc(100);
    expect(raw.usableSize(block)).toBeGreaterThanOrEqual(100);
    heap.bytes(block, 100).fill(1);
    const moved = raw.realloc(block, 5000);
    expect(heap.bytes(moved, 100).every((byte) => byte === 1)).toBe(true);
    expect(heap.bytes(raw.calloc(10, 10), 100).every((byte) => byte === 0)).toBe(true);
    expect(raw.alignedAlloc(4096, 10) % 4096).toBe(0);
    raw.free(moved);
    raw.free(at(0));
    expect(raw.malloc(2 ** 22)).toBe(0);
    expect(raw.calloc(65_536, 65_536)).toBe(0);
    expect(raw.alignedAlloc(3, 10)).toBe(0);
    expect(raw.malloc(0)).not.toBe(0);
    heap.verify();
  });

  test("its exports are wasm functions under C's names", () => {
    const { exports } = create().raw;
    expect(Object.keys(exports).sort()).toEqual(
      ["malloc", "calloc", "realloc", "free", "aligned_alloc", "malloc_usable_size"].sort(),
    );
    for (const call of Object.values(exports)) expect(call.toString()).toContain("native code");
  });

  test("blocks are one heap's: made here, freed there", () => {
    const heap = create();
    heap.free(heap.raw.malloc(100));
    heap.raw.free(heap.malloc(100));
    heap.verify();
  });
});

test("another module that imports memory and malloc shares the heap", () => {
  const heap = release.create();
  // (import "env" "memory" (memory 1)) (import "heap" "malloc" (func (param i32) (result i32)))
  // (func (export "make") (param i32) (result i32) local.get 0 call 0)
  const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)];
  const imports = [2, ...text("env"), ...text("memory"), 2, 0, 1, ...text("heap"), ...text("malloc"), 0, 0];
  const bytes = new Uint8Array([
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127],
    ...[2, imports.length, ...imports, 3, 2, 1, 0, 7, 8, 1, ...text("make"), 0, 1],
    ...[10, 8, 1, 6, 0, 32, 0, 16, 0, 11],
  ]);
  const { malloc } = heap.raw.exports;
  const client = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory: heap.memory },
    heap: { malloc },
  });
  const make = client.exports["make"] as (size: number) => number;
  const block = at(make(100));
  expect(heap.usableSize(block)).toBe(112);
  heap.free(block);
  heap.verify();
});
