/**
 * The heap with guards around every block, fill patterns, a quarantine of freed blocks, and reports that name what was
 * overwritten and the JavaScript stacks of allocation and free: what `PYTHONMALLOC=debug` is to CPython.
 *
 *     import { createHeap } from "tallyheap/debug";
 */
import { wasm } from "./generated/debug-core.js";
import { compile, openCore } from "./heap/create.js";
import { registerEntry } from "./heap/entries.js";
import { DebugHeap } from "./debug/debug-heap.js";
import { optionError } from "./core/arguments.js";
import { decodeHex } from "./core/decode.js";
import type { Heap } from "./heap/heap.js";
import { readOptions, type HeapOptions } from "./core/options.js";

export { Heap } from "./heap/heap.js";
export * from "./heap/public.js";

registerEntry("debug", { module: heapModule, make: (core, settings) => new DebugHeap(core, settings) });

let compiled: WebAssembly.Module | undefined;

/** The debug core of this package, compiled once; pass it to a worker's `createHeap({ module })`. */
export function heapModule(): WebAssembly.Module {
  return (compiled ??= compile(decodeHex(wasm.hex)));
}

/**
 * A *new* heap on the debug core. Options as in `tallyheap`; `checks` is always on.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for an option, `ERR_HEAP_OOM` if the host has no memory
 */
export function createHeap(options?: HeapOptions): Heap {
  const settings = { ...readOptions(options), checks: true, strict: true };
  if (settings.hardened)
    throw optionError("hardened", options?.hardened, "off: the debug core has guards of its own");
  const module = settings.module === undefined ? heapModule() : compile(settings.module);
  return new DebugHeap(openCore(module, "debug", settings), settings);
}
