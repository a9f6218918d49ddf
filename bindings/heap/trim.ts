import * as layout from "../generated/layout.js";
import { Core } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import { WASM_PAGE_BYTES } from "../core/memory.js";
import { eachUsedRun } from "../core/used-pages.js";

/**
 * wasm memories never shrink. So a heap gives memory back by moving: a fresh memory, equally addressed, takes the
 * pages in use, the module is instantiated on it, and the old memory is left to the host's collector. All state of the
 * core lies in the memory, hence the copy is the heap. What is not copied reads as zero and is not resident.
 *
 * Returns the core on the new memory and the bytes of the old one that were not carried over.
 * @throws HeapError `ERR_HEAP_OOM` if the host has no memory for the copy; the heap is as it was
 */
export function migrate(core: Core, maxPages: number): { core: Core; released: number } {
  core.exports.retire_idle_pools();
  const arenas = core.state(layout.STATE_FRONTIER);
  const memory = freshMemory("trim", arenas, maxPages);
  const from = core.linear.views.u8;
  const to = new Uint8Array(memory.buffer, 0, arenas * layout.ARENA_BYTES);
  let carried = 0;
  eachUsedRun(core, (page, count) => {
    const start = page * layout.PAGE_BYTES;
    to.set(from.subarray(start, start + count * layout.PAGE_BYTES), start);
    carried += count * layout.PAGE_BYTES;
  });
  const moved = settle(new Core(core.module, core.kind, memory, core.hooks), arenas);
  return { core: moved, released: core.memory.buffer.byteLength - carried };
}

/** Tells a core that its memory, which holds the pages of another, is as large as its arenas. */
export function settle(core: Core, arenas: number): Core {
  core.setState(layout.STATE_MEMORY, arenas * layout.ARENA_WASM_PAGES);
  core.setState(layout.STATE_END, arenas);
  core.setState(layout.STATE_VIRGIN, arenas);
  return core;
}

/**
 * A memory of so many arenas, all zero.
 * @throws HeapError `ERR_HEAP_OOM`
 */
export function freshMemory(operation: string, arenas: number, maximum: number): WebAssembly.Memory {
  const initial = arenas * layout.ARENA_WASM_PAGES;
  try {
    return new WebAssembly.Memory({ initial, maximum });
  } catch (cause) {
    const details = { operation, size: initial * WASM_PAGE_BYTES };
    throw new HeapError("ERR_HEAP_OOM", `${operation}: the host has no memory for the heap`, details, {
      cause,
    });
  }
}
