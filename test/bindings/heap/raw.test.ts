import { describe, expect, test } from "vitest";
import type { Ptr } from "../../../bindings/index.js";
import { randomSize } from "../../model/script.js";
import { Random } from "../../support/random.js";
import { at, builds, release } from "../../support/cores.js";

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
    const family = ["malloc", "calloc", "realloc", "free", "aligned_alloc", "malloc_usable_size"];
    const more = ["posix_memalign", "memalign", "malloc_trim", "mallinfo2"];
    expect(Object.keys(exports).sort()).toEqual([...family, ...more].sort());
    for (const call of Object.values(exports)) expect(call.toString()).toContain("native code");
  });

  test("blocks are one heap's: made here, freed there", () => {
    const heap = create();
    heap.free(heap.raw.malloc(100));
    heap.raw.free(heap.malloc(100));
    heap.verify();
  });
});

test.each([256, 512] as const)(
  "hits in TypeScript get the blocks that the core would give, smallThreshold %i",
  (smallThreshold) => {
    const seed = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);
    const random = new Random(seed);
    const heaps = [release.create({ smallThreshold }), release.create({ smallThreshold })] as const;
    const [ours, core] = [heaps[0].raw, heaps[1].raw.exports];
    const live: Ptr[] = [];
    for (let step = 0; step < 30_000; step++) {
      const isGrowing = (step >>> 11) % 2 === 0;
      if (live.length === 0 || random.below(10) < (isGrowing ? 6 : 4)) {
        const size = step < 600 ? step : randomSize(random);
        const block = ours.malloc(size);
        expect([seed, step, block]).toEqual([seed, step, core.malloc(size) >>> 0]);
        live.push(block);
      } else {
        const pick = random.below(live.length);
        const block = live[pick]!;
        live[pick] = live.at(-1)!;
        live.pop();
        // Pointers may be signed, as the wasm functions return them.
        ours.free(random.below(2) === 0 ? block : at(block | 0));
        core.free(block);
      }
      if (step % 5000 === 0) for (const heap of heaps) heap.verify();
    }
    for (const block of live) {
      ours.free(block);
      core.free(block);
    }
    for (const heap of heaps) heap.verify();
    expect(heaps[0].stats()).toEqual(heaps[1].stats());
    expect(heaps[0].stats().heapUsed).toBe(0);
  },
);

test("a hit reads a size as the core would: without its fraction, modulo 2³²", () => {
  for (const size of [
    0.5,
    8.5,
    15.9,
    16.5,
    512.5,
    -0.5,
    NaN,
    Infinity,
    2 ** 32 + 5,
    16 - 2 ** 32,
    -(2 ** 31),
  ]) {
    const heaps = [release.create(), release.create()] as const;
    const [ours, core] = [heaps[0].raw, heaps[1].raw.exports];
    // So that every class has a block at hand.
    for (let warm = 1; warm <= 512; warm++) expect(ours.malloc(warm)).toBe(core.malloc(warm) >>> 0);
    expect([size, ours.malloc(size)]).toEqual([size, core.malloc(size) >>> 0]);
    for (const heap of heaps) heap.verify();
  }
});

test("raw hits go on after somebody else grew the memory", () => {
  const heap = release.create();
  const { memory, raw } = heap;
  const blocks = Array.from({ length: 200 }, () => raw.malloc(24));
  memory.grow(1);
  for (const block of blocks) raw.free(block);
  memory.grow(1);
  const again = blocks.map(() => raw.malloc(24));
  expect(again.some((block) => blocks.includes(block))).toBe(true);
  expect(new Set(again).size).toBe(again.length);
  heap.verify();
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
