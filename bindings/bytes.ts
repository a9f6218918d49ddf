/**
 * Raw bytes alone: the malloc family over linear memory, without objects, types and collections. A third of the size of
 * the whole heap.
 *
 *     import { createHeap } from "tallyheap/bytes";
 *     const heap = createHeap();
 *     const block = heap.malloc(100);
 *     heap.bytes(block, 100).fill(7);
 *     heap.free(block);
 */
import { wasm } from "./generated/bytes-core.js";
import { decodeHex } from "./core/decode.js";
import { optionError } from "./core/arguments.js";
import { readOptions, type HeapOptions } from "./core/options.js";
import { compile, openCore } from "./heap/create.js";
import { BytesHeap } from "./heap/bytes-heap.js";

export { BytesHeap } from "./heap/bytes-heap.js";
export { ByteHeap } from "./heap/byte-heap.js";
export { HeapError } from "./core/errors.js";
export type { HeapErrorCode, HeapErrorDetails } from "./core/errors.js";
export { NULL } from "./core/ptr.js";
export type { Ptr } from "./core/ptr.js";
export type { Growth } from "./core/growth.js";
export type { LeakedBlock, LeakedObject, LeakReport } from "./core/leak-report.js";
export type { ForgottenHandles, Hardening, HeapOptions, MemoryPressure } from "./core/options.js";
export type { HeapStats, StatsView } from "./core/stats.js";
export type { Handle, Ref } from "./objects/access/handle.js";
export type { RawExports, RawHeap } from "./heap/raw.js";

/** Options of other entries: there is nothing here that they could mean. */
const OBJECT_OPTIONS = [
  "autoCollect",
  "thresholds",
  "pauseGoalMs",
  "taggedInts",
  "hardened",
  "forgottenHandles",
  "serials",
] as const satisfies readonly (keyof HeapOptions)[];

/** Options of `createHeap` of this entry. */
export type BytesHeapOptions = Omit<HeapOptions, (typeof OBJECT_OPTIONS)[number]>;

let compiled: WebAssembly.Module | undefined;

/** The core of this entry, compiled once; pass it to a worker's `createHeap({ module })`. */
export function heapModule(): WebAssembly.Module {
  return (compiled ??= compile(decodeHex(wasm.hex)));
}

/**
 * A *new* heap of raw bytes. Whoever creates it disposes of it, or drops it.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for an option, also one that is about objects; `ERR_HEAP_OOM` if the host has no
 * memory
 */
export function createHeap(options?: BytesHeapOptions): BytesHeap {
  const settings = readOptions(options);
  for (const name of OBJECT_OPTIONS) {
    const value = (options as HeapOptions | undefined)?.[name];
    if (value !== undefined)
      throw optionError(name, value, "left out: a heap of tallyheap/bytes has no objects");
  }
  const module = settings.module === undefined ? heapModule() : compile(settings.module);
  return new BytesHeap(openCore(module, "bytes", settings), settings);
}
