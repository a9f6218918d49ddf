/**
 * The ABI of the core that `tallyheap link` puts into a module of its own: C's malloc family and nothing else. It is
 * ready at the first call, when its state block is all zeroes; no host has to set it up.
 */
import { STATE } from "../state";

// Under names that a module does not export by itself: it may well export its malloc.
export {
  aligned_alloc as tallyheap_aligned_alloc,
  calloc as tallyheap_calloc,
  free as tallyheap_free,
  malloc as tallyheap_malloc,
  malloc_usable_size as tallyheap_malloc_usable_size,
  realloc as tallyheap_realloc,
  verify as tallyheap_verify,
} from "./bytes";
export {
  mallinfo2 as tallyheap_mallinfo2,
  malloc_trim as tallyheap_malloc_trim,
  memalign as tallyheap_memalign,
  posix_memalign as tallyheap_posix_memalign,
} from "./c";

/** The state block, for the build (scripts/linked-core.mjs). */
export const tallyheap_state: usize = STATE;
export function tallyheap_state_end(): usize {
  return __heap_base;
}
