/** What C programs ask of a malloc besides the family of bytes.ts. Results as in glibc, error numbers as in wasi-libc. */
import * as pools from "../alloc/pools";
import { ARENA_SHIFT, C_EINVAL, C_ENOMEM, MallocInfo, PAGE_SHIFT } from "../layout";
import { state, statistics } from "../state";
import { aligned_alloc } from "./bytes";

/** A new block at a multiple of `alignment`, a power of two up to 64 MiB; 0 if it cannot be had. */
export function memalign(alignment: usize, size: usize): usize {
  return aligned_alloc(alignment, size);
}

/** The same through `out`, which a failure leaves as it was: 0, or C_EINVAL for an alignment below 4, or C_ENOMEM. */
export function posix_memalign(out: usize, alignment: usize, size: usize): i32 {
  if (alignment < sizeof<usize>() || alignment & (alignment - 1)) return C_EINVAL;
  const block = aligned_alloc(alignment, size);
  if (!block) return C_ENOMEM;
  store<usize>(out, block);
  return 0;
}

/** Retires idle pools. 0, for linear memory never gets smaller: nothing goes back to the system. */
export function malloc_trim(_pad: usize): i32 {
  pools.retireIdlePools();
  return 0;
}

/** Fills the struct at `out`, where wasm's C ABI wants a struct that a function returns; what has no counterpart is 0. */
export function mallinfo2(out: usize): void {
  memory.fill(out, 0, offsetof<MallocInfo>());
  const info = changetype<MallocInfo>(out);
  info.hblks = statistics.spans;
  info.hblkhd = statistics.spanPages << PAGE_SHIFT;
  info.arena = ((statistics.arenasPaged + statistics.arenasTail) << ARENA_SHIFT) - info.hblkhd;
  info.uordblks = (statistics.poolPages + statistics.slabPages) << PAGE_SHIFT;
  info.fordblks = info.arena - info.uordblks;
  info.keepcost = (state.end - state.frontier) << ARENA_SHIFT;
}
