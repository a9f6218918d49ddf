/** Raw blocks: `heap.alloc` of programs, and the library's buffers for sorting. The collector does not look at them. */
import { E_ALLOCATION_TOO_LARGE } from "util/error";
import { BLOCK_MAXSIZE } from "rt/common";
import { free, malloc, realloc } from "../alloc/malloc";

/** Blocks of 8 bytes are not multiples of 16, as the compiler promises of raw blocks. */
const LEAST: usize = 16;

// @ts-ignore: decorator
@global
@unsafe
export function __alloc(size: usize): usize {
  if (size > BLOCK_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  return blockOrTrap(malloc(max(size, LEAST)));
}

// @ts-ignore: decorator
@global
@unsafe
export function __realloc(pointer: usize, size: usize): usize {
  if (size > BLOCK_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  return blockOrTrap(realloc(pointer, max(size, LEAST)));
}

// @ts-ignore: decorator
@global
@unsafe
export function __free(pointer: usize): void {
  if (pointer >= __heap_base) free(pointer);
}

function blockOrTrap(block: usize): usize {
  if (!block) unreachable();
  return block;
}
