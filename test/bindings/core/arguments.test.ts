import { describe, expect, test } from "vitest";
import type { Ptr } from "../../../bindings/index.js";
import { at, builds, errorOf, expectRefused, MIB, release } from "../../support/cores.js";

const NO_SIZE = [-1, -0.5, 0.5, 1.5, NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53, 1e300];
const NO_NUMBER: unknown[] = [
  "16",
  16n,
  true,
  null,
  undefined,
  {},
  [],
  () => 16,
  Symbol("size"),
  { valueOf: () => 16 },
];

test("errors say what was passed", () => {
  const heap = release.create();
  const message = (value: unknown): string => errorOf(() => heap.malloc(value as number)).message;
  const said = [NaN, "16", 16n, null, undefined, {}, [], () => 16, Symbol("size")].map(
    (value) => message(value).split(", not ")[1],
  );
  const things = ["an object", "an object", "a function", "a symbol"];
  expect(said).toEqual(["NaN", '"16"', "16n", "null", "undefined", ...things]);
});

describe.each(builds)("sizes, counts and alignments, $name core", ({ create }) => {
  const heap = create({ maxBytes: 8 * MIB });
  const block = heap.malloc(100);

  const calls: Record<string, readonly [argument: string, call: (value: number) => unknown]> = {
    malloc: ["size", (value) => heap.malloc(value)],
    "calloc count": ["count", (value) => heap.calloc(value, 1)],
    "calloc size": ["size", (value) => heap.calloc(1, value)],
    realloc: ["size", (value) => heap.realloc(block, value)],
    "alignedAlloc size": ["size", (value) => heap.alignedAlloc(16, value)],
    "alignedAlloc alignment": ["alignment", (value) => heap.alignedAlloc(value, 16)],
    bytes: ["length", (value) => heap.bytes(block, value)],
  };

  test.each(Object.keys(calls))("%s refuses what is no size, with the number", (name) => {
    const [argument, call] = calls[name]!;
    for (const value of NO_SIZE) {
      const error = expectRefused(heap, "ERR_HEAP_ARGUMENT", () => call(value));
      expect(error).toMatchObject({ operation: name.split(" ")[0], argument, value, [argument]: value });
      expect(error.message).toContain(String(value));
    }
    for (const value of NO_NUMBER) {
      const error = expectRefused(heap, "ERR_HEAP_ARGUMENT", () => call(value as unknown as number));
      expect(error).toMatchObject({ argument, value });
    }
  });

  test("an alignment must be a power of two up to 64 MiB", () => {
    for (const alignment of [0, 3, 6, 12, 24, 100, 65_535, 65_537, 2 ** 27, 2 ** 31]) {
      const error = expectRefused(heap, "ERR_HEAP_ARGUMENT", () => heap.alignedAlloc(alignment, 16));
      expect(error).toMatchObject({ argument: "alignment", alignment, minimum: 1, maximum: 2 ** 26 });
    }
  });

  test("every power of two up to 64 MiB is served, and the block is freed like any other", () => {
    const large = create();
    for (let alignment = 1; alignment <= 2 ** 26; alignment *= 2) {
      const block = large.alignedAlloc(alignment, 100);
      expect(block % alignment).toBe(0);
      expect(large.usableSize(block)).toBeGreaterThanOrEqual(100);
      large.verify();
      large.free(block);
    }
    large.verify();
  });

  test("a product over 32 bits is refused by calloc, with both numbers", () => {
    for (const [count, size] of [
      [2, 2 ** 31],
      [65_536, 65_536],
      [2 ** 32 - 1, 2 ** 32 - 1],
      [2 ** 16 + 1, 2 ** 16],
    ] as const) {
      const error = expectRefused(heap, "ERR_HEAP_ARGUMENT", () => heap.calloc(count, size));
      expect(error).toMatchObject({ operation: "calloc", count, size, maximum: 2 ** 32 - 1 });
    }
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.calloc(65_535, 65_537)); // exactly 2³² − 1
  });

  test("a pointer must be a number of 32 bits", () => {
    const calls = [
      (ptr: Ptr) => heap.free(ptr),
      (ptr: Ptr) => heap.realloc(ptr, 10),
      (ptr: Ptr) => heap.usableSize(ptr),
      (ptr: Ptr) => heap.bytes(ptr, 1),
    ];
    for (const value of [...NO_SIZE, ...NO_NUMBER]) {
      for (const call of calls) {
        expectRefused(heap, "ERR_HEAP_ARGUMENT", () => call(value as unknown as Ptr));
      }
    }
  });

  test("§1.1 null: usableSize(null) is refused", () => {
    expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.usableSize(at(0)));
  });

  test("none of this has touched the heap", () => {
    expect(heap.usableSize(block)).toBeGreaterThanOrEqual(100);
    heap.free(block);
    heap.verify();
  });
});
