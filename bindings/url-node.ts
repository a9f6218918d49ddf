/** `tallyheap/url` under Node, whose `fetch` refuses `file:` addresses: the file is read instead. */
import { readFile } from "node:fs/promises";
import { urlEntry, type UrlEntry } from "./heap/load-url.js";

export { Heap } from "./heap/heap.js";
export * from "./heap/public.js";
export type { WasmSource } from "./heap/load-url.js";

const entry = urlEntry(
  () => new URL("./heap.wasm", import.meta.url),
  (address) => (address.protocol === "file:" ? readFile(address) : fetch(address)),
);

/**
 * The core, compiled from `heap.wasm` or from `source`: an address, a `Response`, bytes.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if there is no wasm module, or it cannot be read
 */
export const heapModule: UrlEntry["heapModule"] = entry.heapModule;

/**
 * A *new* heap, once the wasm has been read. `options.module` takes the place of the file.
 * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
 */
export const createHeap: UrlEntry["createHeap"] = entry.createHeap;
