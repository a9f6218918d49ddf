/**
 * The heap on the hardened core, which trusts no pointer and no free list: what `createHeap({ hardened: true })` of
 * `tallyheap` gives where the host reads files, inlined for every host and bundler.
 *
 *     import { createHeap } from "tallyheap/hardened";
 */
import { wasm } from "./generated/hardened-core.js";
import { compile } from "./heap/create.js";
import { createHardened } from "./heap/hardened-heap.js";
import { decodeHex } from "./core/decode.js";
import type { Heap } from "./heap/heap.js";
import { readOptions, type HeapOptions } from "./core/options.js";

export { Heap } from "./heap/heap.js";
export * from "./heap/public.js";

let compiled: WebAssembly.Module | undefined;

/** The hardened core of this package, compiled once; pass it to a worker's `createHeap({ hardened: true, module })`. */
export function heapModule(): WebAssembly.Module {
  return (compiled ??= compile(decodeHex(wasm.hex)));
}

/**
 * A *new* heap on the hardened core. Options as in `tallyheap`; `checks` is always on.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for an option, `ERR_HEAP_OOM` if the host has no memory
 */
export function createHeap(options?: HeapOptions): Heap {
  return createHardened(readOptions(options), heapModule);
}
