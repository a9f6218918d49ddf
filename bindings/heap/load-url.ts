import { HeapError } from "../core/errors.js";
import { readOptions, type HeapOptions } from "../core/options.js";
import { openCore } from "./create.js";
import { entryOf, registerEntry } from "./entries.js";
import { createHardened } from "./hardened-heap.js";
import { Heap } from "./heap.js";

/** Where the wasm of the core can come from. */
export type WasmSource = string | URL | Response | BufferSource | WebAssembly.Module;

/** Reads the bytes at an address; differs from host to host. */
export type ReadBytes = (address: URL) => Promise<Response | BufferSource>;

/** The functions of `tallyheap/url`. */
export interface UrlEntry {
  heapModule(source?: WasmSource): Promise<WebAssembly.Module>;
  createHeap(options?: HeapOptions): Promise<Heap>;
}

/** The entry for a host: where its `heap.wasm` is, also the base of relative addresses, and how to read. */
export function urlEntry(wasm: URL, read: ReadBytes): UrlEntry {
  // Heap.restore is synchronous: it takes the core of `tallyheap`, if that is loaded too, or is given one.
  if (entryOf("release") === undefined)
    registerEntry("release", { module: missingModule, make: (core, settings) => new Heap(core, settings) });
  return {
    heapModule: (source = wasm) => moduleFrom(source, wasm, read),
    async createHeap(options) {
      const settings = readOptions(options);
      const file = settings.hardened ? new URL("hardened.wasm", wasm) : wasm;
      const module = await moduleFrom(settings.module ?? file, wasm, read);
      if (settings.hardened) return createHardened(settings, () => module);
      return new Heap(openCore(module, "release", settings), settings);
    },
  };
}

function missingModule(): never {
  const message = "restore: pass the core in the option module: `await heapModule()`";
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "restore", argument: "module" });
}

async function moduleFrom(source: WasmSource, base: URL, read: ReadBytes): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const content =
    typeof source === "string" || source instanceof URL ? await readFrom(source, base, read) : source;
  const bytes = isResponse(content) ? await responseBytes(content) : content;
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw refused("the source is not a wasm module", cause);
  }
}

async function readFrom(source: string | URL, base: URL, read: ReadBytes): Promise<Response | BufferSource> {
  try {
    return await read(new URL(source, base));
  } catch (cause) {
    throw refused(`${source} cannot be read`, cause);
  }
}

function isResponse(content: Response | BufferSource): content is Response {
  return typeof Response === "function" && content instanceof Response;
}

async function responseBytes(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw refused(`${response.url} answered ${response.status} ${response.statusText}`);
  try {
    return await response.arrayBuffer();
  } catch (cause) {
    throw refused(`${response.url} cannot be read`, cause);
  }
}

function refused(why: string, cause?: unknown): HeapError {
  const details = { operation: "heapModule", argument: "source" };
  return new HeapError(
    "ERR_HEAP_ARGUMENT",
    `heapModule: ${why}`,
    details,
    cause === undefined ? undefined : { cause },
  );
}
