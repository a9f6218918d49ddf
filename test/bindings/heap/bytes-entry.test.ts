import { expect, test } from "vitest";
import {
  BytesHeap,
  ByteHeap,
  createHeap,
  HeapError,
  heapModule,
  type LeakReport,
} from "../../../bindings/bytes.js";
import { createHeap as createWhole, heapModule as wholeModule } from "../../../bindings/index.js";
import { errorOf, KIB, MIB } from "../../support/cores.js";

test("a heap of bytes serves the malloc family, and its statistics, trim and reset", () => {
  const heap = createHeap();
  expect(heap).toBeInstanceOf(BytesHeap);
  expect(heap).toBeInstanceOf(ByteHeap);
  const kept = heap.calloc(10, 100);
  expect(heap.bytes(kept, 1000).every((byte) => byte === 0)).toBe(true);
  heap.bytes(kept, 1000).fill(7);
  const large = heap.alignedAlloc(64 * KIB, 3 * MIB);
  expect(large % (64 * KIB)).toBe(0);
  heap.free(large);
  const moved = heap.realloc(kept, 5000);
  expect(heap.bytes(moved, 1000).every((byte) => byte === 7)).toBe(true);
  expect(heap.usableSize(moved)).toBeGreaterThanOrEqual(5000);
  expect(heap.debugMallocStats()).toContain("Total");
  expect(heap.trim()).toBeGreaterThan(0);
  expect(heap.bytes(moved, 1000).every((byte) => byte === 7)).toBe(true);
  heap.verify();
  heap.reset();
  expect(heap.stats().heapUsed).toBe(0);
  heap.dispose();
});

test("it refuses what is no block, as the whole heap does", () => {
  const heap = createHeap();
  const block = heap.malloc(100);
  heap.free(block);
  expect(errorOf(() => heap.free(block)).code).toBe("ERR_HEAP_DOUBLE_FREE");
  expect(errorOf(() => heap.free((block + 1) as typeof block)).code).toBe("ERR_HEAP_BAD_POINTER");
  expect(errorOf(() => heap.malloc(-1)).code).toBe("ERR_HEAP_ARGUMENT");
  heap.verify();
});

test("memory that is out is ERR_HEAP_OOM after the host was asked, and nothing is lost", () => {
  const asked: number[] = [];
  const heap = createHeap({ maxBytes: MIB, onMemoryPressure: ({ size }) => void asked.push(size) });
  expect(errorOf(() => heap.malloc(2 * MIB)).code).toBe("ERR_HEAP_OOM");
  expect(asked).toEqual([2 * MIB]);
  heap.verify();
  heap.free(heap.malloc(100));
});

test("C's functions are all there", () => {
  const { exports } = createHeap().raw;
  for (const call of Object.values(exports)) expect(call).toBeTypeOf("function");
  expect(exports.memalign(256, 10) % 256).toBe(0);
});

test("dispose reports blocks that were not freed, once", () => {
  const reports: LeakReport[] = [];
  const heap = createHeap({ onLeak: (report) => reports.push(report) });
  heap.malloc(100);
  heap.malloc(100_000);
  heap.dispose();
  heap.dispose();
  expect(heap.disposed).toBe(true);
  expect(reports).toHaveLength(1);
  expect(reports[0]).toMatchObject({ blocks: 2, objects: 0, handles: 0, held: [] });
  expect(errorOf(() => heap.malloc(1)).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
  const clean = createHeap({ onLeak: (report) => reports.push(report) });
  clean.free(clean.malloc(10));
  clean.dispose();
  expect(reports).toHaveLength(1);
});

test("a heap that is busy is not disposed of", () => {
  const errors: unknown[] = [];
  const heap = createHeap({
    maxBytes: MIB,
    onMemoryPressure: () => heap.dispose(),
    onUnraisable: (error) => errors.push(error),
  });
  errorOf(() => heap.malloc(2 * MIB));
  expect(errors).toMatchObject([{ code: "ERR_HEAP_BUSY" }]);
  heap.verify();
});

test.each(["autoCollect", "taggedInts", "hardened", "serials"])("option %s means nothing here", (name) => {
  const error = errorOf(() => createHeap({ [name]: true }));
  expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: name });
  expect(error.message).toContain("no objects");
});

test("options are checked as those of other entries", () => {
  for (const wrong of [{ maxBytes: -1 }, { maxByte: MIB }, { module: 5 }, { checks: "no" }, null]) {
    expect(errorOf(() => createHeap(wrong as never)).code).toBe("ERR_HEAP_ARGUMENT");
  }
});

test("its module and that of the whole heap are not taken for each other", () => {
  createHeap({ module: heapModule() }).verify();
  for (const create of [
    () => createHeap({ module: wholeModule() }),
    () => createWhole({ module: heapModule() }),
  ]) {
    const error = errorOf(create);
    expect(error).toBeInstanceOf(HeapError);
    expect(error.code).toBe("ERR_HEAP_ARGUMENT");
  }
});
