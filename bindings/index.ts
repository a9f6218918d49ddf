/**
 * CPython's memory manager as a WebAssembly heap.
 *
 *     import { createHeap } from "tallyheap";
 *     const heap = createHeap();
 *     const block = heap.malloc(100);
 *     heap.bytes(block, 100).fill(7);
 *     heap.free(block);
 */
import { wasm } from "./generated/core.js";
import { compile, openCore } from "./heap/create.js";
import { decodeHex } from "./core/decode.js";
import { registerEntry } from "./heap/entries.js";
import { createHardened, readHardenedCore } from "./heap/hardened-heap.js";
import { Heap } from "./heap/heap.js";
import { readOptions, type HeapOptions } from "./core/options.js";

export { Heap } from "./heap/heap.js";
export * from "./heap/public.js";

registerEntry("release", { module: heapModule, make: (core, settings) => new Heap(core, settings) });

let compiled: WebAssembly.Module | undefined;

/** The core of this package, compiled once; pass it to a worker's `createHeap({ module })`. */
export function heapModule(): WebAssembly.Module {
  return (compiled ??= compile(decodeHex(wasm.hex)));
}

/**
 * A *new* heap, ready at once: the wasm is part of the package. Whoever creates it disposes of it, or drops it.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for an option, `ERR_HEAP_OOM` if the host has no memory
 */
export function createHeap(options?: HeapOptions): Heap {
  const settings = readOptions(options);
  if (settings.hardened) return createHardened(settings, readHardenedCore);
  const module = settings.module === undefined ? heapModule() : compile(settings.module);
  return new Heap(openCore(module, "release", settings), settings);
}
