import * as layout from "../generated/layout.js";
import { freePages, headerAt } from "../core/arena-header.js";
import { Core } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import { WASM_PAGE_BYTES } from "../core/memory.js";

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
  const pages = arenas * layout.ARENA_WASM_PAGES;
  const memory = freshMemory(pages, maxPages);
  const from = core.linear.views.u8;
  const to = new Uint8Array(memory.buffer, 0, arenas * layout.ARENA_BYTES);
  let carried = 0;
  for (let index = 0; index < arenas; index++) carried += copyArena(core, index, from, to);
  const moved = new Core(core.module, core.kind, memory, core.hooks);
  moved.setState(layout.STATE_MEMORY, pages);
  moved.setState(layout.STATE_END, arenas);
  moved.setState(layout.STATE_VIRGIN, arenas);
  return { core: moved, released: core.memory.buffer.byteLength - carried };
}

function freshMemory(initial: number, maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum });
  } catch (cause) {
    const details = { operation: "trim", size: initial * WASM_PAGE_BYTES };
    throw new HeapError("ERR_HEAP_OOM", "trim: the host has no memory to move the heap to", details, {
      cause,
    });
  }
}

/** Copies what an arena holds; returns its bytes. */
function copyArena(core: Core, index: number, from: Uint8Array, to: Uint8Array): number {
  const arena = index * layout.ARENA_BYTES;
  const entry = core.arenaEntry(index);
  if (entry === layout.ARENA_FREE) return 0;
  if (entry === layout.ARENA_STATE || entry === layout.ARENA_FOREIGN) return copyNonZero(arena, from, to);
  if (entry >= layout.ARENA_PAGED) return copyUsed(core, arena, headerAt(core, entry), from, to);
  return copy(arena, layout.ARENA_BYTES, from, to);
}

/** An arena with pages: every page that is not free. */
function copyUsed(core: Core, arena: number, header: number, from: Uint8Array, to: Uint8Array): number {
  const free = freePages(core, header);
  let copied = 0;
  for (let page = 0; page < layout.ARENA_PAGES; page++) {
    const isFree = (free[page < 32 ? 0 : 1] >>> (page & 31)) & 1;
    if (!isFree) copied += copy(arena + page * layout.PAGE_BYTES, layout.PAGE_BYTES, from, to);
  }
  return copied;
}

/** State and client arenas: mostly zero, and copying a zero page would make it resident. */
function copyNonZero(arena: number, from: Uint8Array, to: Uint8Array): number {
  let copied = 0;
  for (let page = arena; page < arena + layout.ARENA_BYTES; page += layout.PAGE_BYTES) {
    const words = new Uint32Array(from.buffer, page, layout.PAGE_BYTES / 4);
    if (words.some((word) => word !== 0)) copied += copy(page, layout.PAGE_BYTES, from, to);
  }
  return copied;
}

function copy(address: number, length: number, from: Uint8Array, to: Uint8Array): number {
  to.set(from.subarray(address, address + length), address);
  return length;
}
