/** `tallyheap/url` under Node, whose `fetch` refuses `file:` addresses: the file is read instead. */
import { readFile } from "node:fs/promises";
import type { Heap } from "./heap.js";
import type { HeapOptions } from "./options.js";
import { heapFrom, moduleFrom, type ReadBytes, type WasmSource } from "./url-common.js";

export { Heap } from "./heap.js";
export * from "./public.js";
export type { WasmSource } from "./url-common.js";

const read: ReadBytes = (address) => (address.protocol === "file:" ? readFile(address) : fetch(address));

/**
 * The core, compiled from `heap.wasm` or from `source`: an address, a `Response`, bytes.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if there is no wasm module
 */
export function heapModule(
  source: WasmSource = new URL("./heap.wasm", import.meta.url),
): Promise<WebAssembly.Module> {
  return moduleFrom(source, import.meta.url, read);
}

/**
 * A *new* heap, once the wasm has been read. `options.module` takes the place of the file.
 * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
 */
export async function createHeap(options: HeapOptions = {}): Promise<Heap> {
  return heapFrom(await heapModule(options.module), options);
}
