import type { CoreExports } from "./abi.js";

/**
 * The malloc family as one heap calls it. Pointers come back as signed 32-bit numbers; `free` returns a fault code, or
 * nothing where nothing is checked.
 */
export interface MallocCalls {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(ptr: number, size: number): number;
  alignedAlloc(alignment: number, size: number): number;
  free(ptr: number): number | undefined;
  usableSize(ptr: number): number;
}

/** The core's functions: with `isChecked` every pointer is checked before it is used, else they are C's as they are. */
export function mallocCalls(core: CoreExports, isChecked: boolean): MallocCalls {
  return {
    malloc: isChecked ? core.checked_malloc : core.malloc,
    calloc: isChecked ? core.checked_calloc : core.calloc,
    realloc: isChecked ? core.checked_realloc : core.realloc,
    alignedAlloc: isChecked ? core.checked_aligned_alloc : core.aligned_alloc,
    free: isChecked ? core.checked_free : core.free,
    usableSize: isChecked ? core.checked_usable_size : core.malloc_usable_size,
  };
}

/** The functions that `calls` gives once `before` has run, which may throw. */
export function guardedMallocCalls(before: () => void, calls: () => MallocCalls): MallocCalls {
  return {
    malloc: (size) => (before(), calls().malloc(size)),
    calloc: (count, size) => (before(), calls().calloc(count, size)),
    realloc: (ptr, size) => (before(), calls().realloc(ptr, size)),
    alignedAlloc: (alignment, size) => (before(), calls().alignedAlloc(alignment, size)),
    free: (ptr) => (before(), calls().free(ptr)),
    usableSize: (ptr) => (before(), calls().usableSize(ptr)),
  };
}
