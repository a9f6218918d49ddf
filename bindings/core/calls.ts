import type { CoreExports } from "./core.js";

/**
 * The functions of the malloc family that one heap calls: checked, unchecked, or closed. Pointers come back as signed
 * 32-bit numbers; `free` returns a fault code, or nothing where nothing is checked.
 */
export interface Calls {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(ptr: number, size: number): number;
  alignedAlloc(alignment: number, size: number): number;
  free(ptr: number): number | undefined;
  usableSize(ptr: number): number;
}

/** Every pointer is checked before it is used. */
export function checkedCalls(core: CoreExports): Calls {
  return {
    malloc: core.checked_malloc,
    calloc: core.checked_calloc,
    realloc: core.checked_realloc,
    alignedAlloc: core.checked_aligned_alloc,
    free: core.checked_free,
    usableSize: core.checked_usable_size,
  };
}

/** C's functions as they are. */
export function uncheckedCalls(core: CoreExports): Calls {
  return {
    malloc: core.malloc,
    calloc: core.calloc,
    realloc: core.realloc,
    alignedAlloc: core.aligned_alloc,
    free: core.free,
    usableSize: core.malloc_usable_size,
  };
}

/** `calls` after `before`, which may throw: how a heap is closed without a test in every open call. */
export function guardedCalls(before: () => void, calls: Calls): Calls {
  return {
    malloc: (size) => (before(), calls.malloc(size)),
    calloc: (count, size) => (before(), calls.calloc(count, size)),
    realloc: (ptr, size) => (before(), calls.realloc(ptr, size)),
    alignedAlloc: (alignment, size) => (before(), calls.alignedAlloc(alignment, size)),
    free: (ptr) => (before(), calls.free(ptr)),
    usableSize: (ptr) => (before(), calls.usableSize(ptr)),
  };
}

/** What a disposed heap is left with: it lets go of the core, and its gate throws before any of these is called. */
export const closedCalls: Calls = {
  malloc: () => 0,
  calloc: () => 0,
  realloc: () => 0,
  alignedAlloc: () => 0,
  free: () => undefined,
  usableSize: () => 0,
};
