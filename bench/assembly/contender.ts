/**
 * The heap under test, chosen at compile time with `--use CONTENDER=n`. The loops of replay.ts and micro.ts call
 * these functions and know no allocator. bench/native/heap.h is the counterpart in C.
 */

import * as checks from "../../assembly/alloc/checks";
import * as core from "../../assembly/alloc/malloc";
import { verify as verifyCore } from "../../assembly/alloc/verify";

/** tallyheap with the fast paths of malloc and free inlined: what a program linked from source gets. */
export const TALLYHEAP_INLINED = 0;
/** tallyheap through real calls inside the module. */
export const TALLYHEAP_CALLED = 1;
/** The hardened core, as modules call its exports. Compiled with `--use TALLYHEAP_HARDENED=1`. */
export const TALLYHEAP_HARDENED_CALLED = 4;
/** AssemblyScript's TLSF, `--runtime minimal`. */
export const TLSF = 2;
/** Moves a cursor through a window of memory: what the loop itself costs. */
export const FLOOR = 3;

/** Any of ours. */
const IS_OWN: bool =
  CONTENDER == TALLYHEAP_INLINED || CONTENDER == TALLYHEAP_CALLED || CONTENDER == TALLYHEAP_HARDENED_CALLED;

const ARENA_MASK: usize = (1 << 18) - 1;

/** Address of the first byte that the heap can use. */
export function heapBase(): usize {
  if (IS_OWN) {
    return (__heap_base + ARENA_MASK) & ~ARENA_MASK;
  }
  return __heap_base;
}

/** Called once before the first request. */
export function prepare(largest: usize): void {
  if (CONTENDER == FLOOR) prepareFloor(largest);
}

/** 0, or the number of the invariant that is broken; only tallyheap checks itself. */
export function verify(): u32 {
  if (IS_OWN) return verifyCore();
  return 0;
}

// @ts-ignore: decorator
@inline
export function heapMalloc(size: usize): usize {
  if (CONTENDER == TALLYHEAP_INLINED) return core.mallocInline(size);
  if (CONTENDER == TALLYHEAP_CALLED) return core.malloc(size);
  if (CONTENDER == TALLYHEAP_HARDENED_CALLED) return hardenedMalloc(size);
  if (CONTENDER == TLSF) return heap.alloc(size);
  return floorMalloc(size);
}

// @ts-ignore: decorator
@inline
export function heapFree(block: usize): void {
  if (CONTENDER == TALLYHEAP_INLINED) core.freeInline(block);
  else if (CONTENDER == TALLYHEAP_CALLED) core.free(block);
  else if (CONTENDER == TALLYHEAP_HARDENED_CALLED) hardenedFree(block);
  else if (CONTENDER == TLSF) heap.free(block);
}

// @ts-ignore: decorator
@inline
export function heapCalloc(size: usize): usize {
  if (CONTENDER == TALLYHEAP_HARDENED_CALLED) return checks.checkedCalloc(1, size);
  if (IS_OWN) return core.calloc(1, size);
  if (CONTENDER == TLSF) {
    // TLSF has no calloc; the standard library zeroes after allocating, too.
    const block = heap.alloc(size);
    memory.fill(block, 0, size);
    return block;
  }
  return floorMalloc(size);
}

// @ts-ignore: decorator
@inline
export function heapRealloc(block: usize, size: usize): usize {
  if (CONTENDER == TALLYHEAP_HARDENED_CALLED) return checks.checkedRealloc(block, size);
  if (IS_OWN) return core.realloc(block, size);
  if (CONTENDER == TLSF) return heap.realloc(block, size);
  return floorMalloc(size);
}

// @ts-ignore: decorator
@inline
export function heapMemalign(log2: u32, size: usize): usize {
  if (CONTENDER == TALLYHEAP_HARDENED_CALLED) return checks.checkedAlignedAlloc((<usize>1) << log2, size);
  if (IS_OWN) return core.alignedAlloc((<usize>1) << log2, size);
  // TLSF aligns to 16 and has nothing wider: it is charged for the room that an aligned block would need.
  if (CONTENDER == TLSF) return heap.alloc(log2 > 4 ? size + ((<usize>1) << log2) : size);
  return floorMalloc(size);
}

/** Whether the allocator has an aligned allocation of its own, so that its alignment is checked. */
export const ALIGNS: bool = IS_OWN;

// What the hardened core exports as malloc and free.

function hardenedMalloc(size: usize): usize {
  return checks.checkedMalloc(size);
}

function hardenedFree(block: usize): void {
  checks.checkedFree(block);
}

// The floor keeps its cursor in memory, where an allocator has its state.

const FLOOR_STATE: usize = memory.data(12, 16);
const WASM_PAGE_MASK: usize = 0xffff;

function prepareFloor(largest: usize): void {
  // The window holds any request; it is small enough to stay in the cache.
  const window: usize = largest < 1 << 19 ? 1 << 20 : largest * 2;
  const base = (__heap_base + 15) & ~15;
  const pages = <i32>((base + window + WASM_PAGE_MASK) >>> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  store<usize>(FLOOR_STATE, base, 0);
  store<usize>(FLOOR_STATE, base, 4);
  store<usize>(FLOOR_STATE, base + window, 8);
}

// @ts-ignore: decorator
@inline
function floorMalloc(size: usize): usize {
  let block = load<usize>(FLOOR_STATE, 4);
  if (size > load<usize>(FLOOR_STATE, 8) - block) block = load<usize>(FLOOR_STATE);
  store<usize>(FLOOR_STATE, block + ((size + 15) & ~15), 4);
  return block;
}
