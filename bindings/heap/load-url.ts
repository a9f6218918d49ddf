import { HeapError } from "../core/errors.js";
import { readOptions, type HeapOptions } from "../core/options.js";
import { NOT_ALLOWED, openCore } from "./create.js";
import type { HostBytes } from "../core/host-types.js";
import { entryOf, registerEntry } from "./entries.js";
import { createHardened } from "./hardened-heap.js";
import { Heap } from "./heap.js";

/** Where the wasm of the core can come from. */
export type WasmSource = string | URL | Response | HostBytes | WebAssembly.Module;

/** Vite, webpack and Rolldown add the file by themselves. */
const BUNDLERS = "where a bundler has not added the file, pass its address: docs/hosts.md#bundlers";

/** Reads the bytes at an address; differs from host to host. */
export type ReadBytes = (address: URL) => Promise<Response | HostBytes>;

/** The functions of `tallyheap/url`. */
export interface UrlEntry {
  heapModule(source?: WasmSource): Promise<WebAssembly.Module>;
  createHeap(options?: HeapOptions): Promise<Heap>;
}

/**
 * The entry for a host: where its `heap.wasm` is, also the base of relative addresses, and how to read. Bundles that are
 * scripts do not know where they are: `locate` throws there, so it is asked only when it has to be.
 */
export function urlEntry(locate: () => URL, read: ReadBytes): UrlEntry {
  // Heap.restore is synchronous: it takes the core of `tallyheap`, if that is loaded too, or is given one.
  if (entryOf("release") === undefined)
    registerEntry("release", { module: missingModule, make: (core, settings) => new Heap(core, settings) });
  return {
    heapModule: (source) => moduleFrom(source ?? "heap.wasm", locate, read),
    async createHeap(options) {
      const settings = readOptions(options);
      const file = settings.hardened ? "hardened.wasm" : "heap.wasm";
      const module = await moduleFrom(settings.module ?? file, locate, read);
      if (settings.hardened) return createHardened(settings, () => module);
      return new Heap(openCore(module, "release", settings), settings);
    },
  };
}

function missingModule(): never {
  const message = "restore: pass the core in the option module: `await heapModule()`";
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "restore", argument: "module" });
}

async function moduleFrom(
  source: WasmSource,
  locate: () => URL,
  read: ReadBytes,
): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const content =
    typeof source === "string" || source instanceof URL ? await readFrom(source, locate, read) : source;
  const bytes = isResponse(content) ? await responseBytes(content) : content;
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw refused(WebAssembly.validate(bytes) ? NOT_ALLOWED : "the source is not a wasm module", cause);
  }
}

async function readFrom(
  source: string | URL,
  locate: () => URL,
  read: ReadBytes,
): Promise<Response | HostBytes> {
  try {
    return await read(addressOf(source, locate));
  } catch (cause) {
    throw refused(`${source} cannot be read; ${BUNDLERS}`, cause);
  }
}

/** Relative addresses are those of files beside this module, and where that is unknown, beside the page. */
function addressOf(source: string | URL, locate: () => URL): URL {
  if (source instanceof URL) return source;
  try {
    return source === "heap.wasm" ? locate() : new URL(source, locate());
  } catch {
    return new URL(source, (globalThis as { location?: { href: string } }).location?.href);
  }
}

function isResponse(content: Response | HostBytes): content is Response {
  return typeof Response === "function" && content instanceof Response;
}

async function responseBytes(response: Response): Promise<ArrayBuffer> {
  if (!response.ok)
    throw refused(`${response.url} answered ${response.status} ${response.statusText}; ${BUNDLERS}`);
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
