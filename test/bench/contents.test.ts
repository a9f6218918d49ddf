import { expect, test } from "vitest";

import { createHeap, type Heap, type Ptr } from "tallyheap";
import { decodeTrace, OP_CALLOC, OP_FREE, OP_MALLOC, OP_REALLOC } from "../../bench/lib/trace.js";
import { TypeScriptReplayer, type HeapCalls } from "../../bench/replay/typescript-replay.js";
import { encode, type Operation } from "./encode.js";

// The pass that checks contents must find what it is there for. bench/native/replay.c and bench/assembly/replay.ts
// check the same things; here the heap can be broken on purpose.

const operations: Operation[] = [
  [OP_MALLOC, 0, 100],
  [OP_MALLOC, 1, 100],
  [OP_REALLOC, 0, 4000],
  [OP_CALLOC, 2, 50],
  [OP_FREE, 1],
  [OP_CALLOC, 3, 100],
  [OP_FREE, 0],
  [OP_FREE, 2],
];

const FAULT_NULL = 1;
const FAULT_ALIGNMENT = 2;
const FAULT_NOT_ZERO = 3;
const FAULT_CONTENTS = 4;
const FAULT_MOVED = 5;

function inspect(broken: (heap: Heap, calls: HeapCalls) => Partial<HeapCalls>): number {
  const heap = createHeap();
  const sound: HeapCalls = {
    malloc: (size) => heap.malloc(size),
    calloc: (count, size) => heap.calloc(count, size),
    realloc: (ptr, size) => heap.realloc(ptr, size),
    free: (ptr) => heap.free(ptr),
    alignedAlloc: (alignment, size) => heap.alignedAlloc(alignment, size),
  };
  const trace = decodeTrace(encode(operations), "operations");
  const replayer = new TypeScriptReplayer({ ...sound, ...broken(heap, sound) }, heap.memory, 4, 0, () => {});
  const count = trace.opCount + trace.drainCount;
  replayer.load(trace, 0, count);
  return replayer.inspect(count);
}

test("a sound heap passes", () => {
  expect(inspect(() => ({}))).toBe(0);
});

test("overlapping blocks", () => {
  let first = 0 as Ptr;
  expect(inspect((heap) => ({ malloc: (size) => (first ||= heap.malloc(size)) }))).toBe(FAULT_CONTENTS);
});

test("blocks that overlap by their last bytes", () => {
  let next = 0;
  const malloc = (heap: Heap): Ptr => ((next ||= heap.malloc(4096)), (next += 96) as Ptr);
  expect(inspect((heap) => ({ malloc: () => malloc(heap) }))).toBe(FAULT_CONTENTS);
});

test("no memory", () => {
  expect(inspect(() => ({ calloc: () => 0 as Ptr }))).toBe(FAULT_NULL);
});

test("a misaligned block", () => {
  expect(inspect((heap) => ({ malloc: (size) => (heap.malloc(size + 8) + 8) as Ptr }))).toBe(FAULT_ALIGNMENT);
});

test("calloc that does not zero", () => {
  expect(
    inspect((heap) => ({
      calloc: (count, size) => {
        const block = heap.malloc(count * size);
        heap.bytes(block, size)[size - 1] = 1;
        return block;
      },
    })),
  ).toBe(FAULT_NOT_ZERO);
});

test("realloc that loses contents", () => {
  expect(inspect((heap) => ({ realloc: (_ptr, size) => heap.calloc(1, size) }))).toBe(FAULT_MOVED);
});
