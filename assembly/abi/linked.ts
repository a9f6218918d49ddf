/**
 * The ABI of the core that `tallyheap link` puts into a module of its own: C's malloc family and nothing else. It is
 * ready at the first call, when its state block is all zeroes; no host has to set it up.
 */
import { STATE } from "../state";

export { aligned_alloc, calloc, free, malloc, malloc_usable_size, realloc, verify } from "./bytes";
export { mallinfo2, malloc_trim, memalign, posix_memalign } from "./c";

/** The state block, for the build (scripts/linked-core.mjs). */
export const stateBase: usize = STATE;
export function stateEnd(): usize {
  return __heap_base;
}
