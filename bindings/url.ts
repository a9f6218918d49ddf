/**
 * The heap without inlined wasm: fetches `heap.wasm`, which lies next to this file, or what it is told to. For pages
 * that would rather cache the file, and for hosts that refuse to compile synchronously.
 *
 *     import { createHeap } from "tallyheap/url";
 *     const heap = await createHeap();
 */
import type { Heap } from "./heap.js";
import type { HeapOptions } from "./options.js";
import { heapFrom, moduleFrom, type WasmSource } from "./url-common.js";

export { Heap } from "./heap.js";
export * from "./public.js";
export type { WasmSource } from "./url-common.js";

/**
 * The core, compiled from `heap.wasm` or from `source`: an address, a `Response`, bytes.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if there is no wasm module
 */
export function heapModule(
  source: WasmSource = new URL("./heap.wasm", import.meta.url),
): Promise<WebAssembly.Module> {
  return moduleFrom(source, import.meta.url, (address) => fetch(address));
}

/**
 * A *new* heap, once the wasm has arrived. `options.module` takes the place of the file.
 * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
 */
export async function createHeap(options: HeapOptions = {}): Promise<Heap> {
  return heapFrom(await heapModule(options.module), options);
}
