/**
 * The heap without inlined wasm: fetches `heap.wasm`, which lies next to this file, or what it is told to. For pages
 * that would rather cache the file, and for hosts that refuse to compile synchronously.
 *
 *     import { createHeap } from "tallyheap/url";
 *     const heap = await createHeap();
 */
import { urlEntry, type UrlEntry } from "./heap/load-url.js";

export { Heap } from "./heap/heap.js";
export * from "./heap/public.js";
export type { WasmSource } from "./heap/load-url.js";

const entry = urlEntry(
  () => new URL("./heap.wasm", import.meta.url),
  (address) => fetch(address),
);

/**
 * The core, compiled from `heap.wasm` or from `source`: an address, a `Response`, bytes.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if there is no wasm module, or it cannot be read
 */
export const heapModule: UrlEntry["heapModule"] = entry.heapModule;

/**
 * A *new* heap, once the wasm has arrived. `options.module` takes the place of the file.
 * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
 */
export const createHeap: UrlEntry["createHeap"] = entry.createHeap;
