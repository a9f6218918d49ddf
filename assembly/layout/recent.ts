/**
 * What was freed last, kept for the next request: raw blocks of slab classes, and raw spans.
 *
 *   each class   ├ count 4 │ block 1 … block 15 × 4 ┤      a stack in one line of the cache, newest block last
 *   spans        lists by length in pages (recentList() of alloc/recent.ts), linked through the Links of their first pages, newest first
 *
 * A block here counts as live in its pool. The page of a span here has class RECENT, and no request holds it: statistics and
 * pressure are those of a span that was given back.
 *
 *   count ≤ recentLimit(class);   sum of lengths = State.recentPages
 */

/** Blocks that a class keeps at most. */
export const RECENT_BLOCKS: u32 = 15;
export const RECENT_SHIFT: u32 = 6;

/**
 * Blocks that a class keeps at most, four bits for each doubling from 512 bytes on: 15 up to 8 KiB, then half as many for
 * each doubling. So no class keeps more than 120 KiB.
 */
export const RECENT_LIMITS: u32 = 0x37ffff;

/** Spans wait if they have so many pages or more (shorter ones only a realloc leaves), and fewer than: */
export const RECENT_SHORTEST: u32 = 9;
export const RECENT_LENGTHS: u32 = 256;
/** Pages that spans may wait with, in all: so many for each arena in use (a sixteenth of it), and no more than 2 MiB. */
export const RECENT_SHARE_SHIFT: u32 = 2;
export const RECENT_PAGES: u32 = 512;
/** A span serves a request that is up to 1/8 shorter, which is what a slab's block may be larger. */
export const RECENT_FIT_SHIFT: u32 = 3;


@unmanaged
@final
export class RecentBlocks {
  count: u32;

  /** The n-th block, counted from 1. */
  @inline
  block(n: u32): usize {
    return load<usize>(changetype<usize>(this) + (n << 2));
  }


  @inline
  setBlock(n: u32, block: usize): void {
    store<usize>(changetype<usize>(this) + (n << 2), block);
  }
}
