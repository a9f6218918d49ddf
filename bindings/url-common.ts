import { compile, openCore } from "./create.js";
import { HeapError } from "./errors.js";
import { Heap } from "./heap.js";
import { readOptions, type HeapOptions } from "./options.js";

/** Where the wasm of the core can come from. */
export type WasmSource = string | URL | Response | BufferSource | WebAssembly.Module;

/** Reads the bytes at an address; differs from host to host. */
export type ReadBytes = (address: URL) => Promise<Response | BufferSource>;

/** Compiles the core from a source, asynchronously. */
export async function moduleFrom(
  source: WasmSource,
  base: string,
  read: ReadBytes,
): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const content =
    typeof source === "string" || source instanceof URL ? await read(new URL(source, base)) : source;
  const bytes = isResponse(content) ? await responseBytes(content) : content;
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    const details = { operation: "heapModule", argument: "source" };
    throw new HeapError("ERR_HEAP_ARGUMENT", "heapModule: the source is not a wasm module", details, {
      cause,
    });
  }
}

/** A heap on a compiled core; `options.module` wins. */
export function heapFrom(module: WebAssembly.Module, options: HeapOptions): Heap {
  const settings = readOptions(options);
  return new Heap(
    openCore(settings.module === undefined ? module : compile(settings.module), settings),
    settings,
  );
}

function isResponse(content: Response | BufferSource): content is Response {
  return typeof Response === "function" && content instanceof Response;
}

async function responseBytes(response: Response): Promise<ArrayBuffer> {
  if (response.ok) return response.arrayBuffer();
  const message = `heapModule: ${response.url} answered ${response.status} ${response.statusText}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "heapModule", argument: "source" });
}
