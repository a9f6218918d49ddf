/**
 * Raw blocks of slabs and raw spans that were freed last wait here for the next request, which then looks neither at pools
 * nor at arenas: what a thread's cache is in tcmalloc. Pages that come and go are coalesced late, and rarely.
 *
 * The layout has the bounds (../layout/recent.ts). All of it goes back before the heap opens an arena, and with idle pools:
 * pools.ts has the order.
 */
import * as layout from "../layout";
import { FAULT_CORRUPT, PageRecord, SMALL_CLASSES } from "../layout";
import { recentBlocks, recentSpans, state } from "../state";
import { isMarked, unmark } from "./marks";
import { givePages, pageRecord } from "./pages";

/** Blocks that a class may keep. */
// @ts-ignore: decorator
@inline
export function recentLimit(c: u32): u32 {
  return (layout.RECENT_LIMITS >>> (((c - (SMALL_CLASSES + 1)) >>> 1) & ~3)) & layout.RECENT_BLOCKS;
}

/** The block of the class that was freed last; 0 if none waits. */
// @ts-ignore: decorator
@inline
export function popRecent(c: u32): usize {
  const recent = recentBlocks(c);
  const count = recent.count;
  if (!count) return 0;
  const block = recent.block(count);
  recent.count = count - 1;
  if (isDefined(TALLYHEAP_HARDENED)) {
    // Somebody wrote to it. It is lost.
    if (!isMarked(block)) {
      state.fault = FAULT_CORRUPT;
      state.faultAddress = <u32>block;
      return 0;
    }
    unmark(block);
  }
  return block;
}

/** Keeps a freed block; false if the class has as many as it may. */
// @ts-ignore: decorator
@inline
export function pushRecent(c: u32, block: usize): bool {
  const recent = recentBlocks(c);
  const count = recent.count;
  if (count == recentLimit(c)) return false;
  recent.setBlock(count + 1, block);
  recent.count = count + 1;
  return true;
}

/** Whether a block waits. */
export function isRecent(c: u32, block: usize): bool {
  const recent = recentBlocks(c);
  for (let n = recent.count; n; n--) {
    if (recent.block(n) == block) return true;
  }
  return false;
}

// ---- spans ----

/** Takes a waiting span of `length` pages or few more; 0 if none waits. The caller notes it as a span again. */
// @ts-ignore: decorator
@inline
export function popRecentSpan(length: u32): usize {
  if (length >= layout.RECENT_LENGTHS) return 0;
  const longer = recentSpans.bits >>> length;
  if (!longer) return 0;
  const more = <u32>ctz(longer);
  if (more > length >>> layout.RECENT_FIT_SHIFT) return 0;
  const found = length + more;
  const span = <usize>recentSpans.head(found);
  recentSpans.setHead(found, <u32>changetype<usize>(pageRecord(span).links.next));
  state.recentPages -= found;
  return span;
}

/** Keeps a freed span; false if it is too long, or too many pages wait. */
// @ts-ignore: decorator
@inline
export function pushRecentSpan(span: usize, record: PageRecord): bool {
  const length = record.spanPages;
  const pages = state.recentPages + length;
  if (length >= layout.RECENT_LENGTHS || pages > layout.RECENT_PAGES) return false;
  state.recentPages = pages;
  record.sizeClass = <u8>layout.CLASS_RECENT;
  // Links are addresses of spans, not of records: who takes one needs its address.
  record.links.next = changetype<PageRecord | null>(<usize>recentSpans.head(length));
  recentSpans.setHead(length, <u32>span);
  return true;
}

/** Gives the pages of all waiting spans back. True if an arena went back with them. */
export function releaseRecentSpans(): bool {
  let closed = false;
  while (recentSpans.bits) {
    const length = <u32>ctz(recentSpans.bits);
    const span = <usize>recentSpans.head(length);
    const record = pageRecord(span);
    recentSpans.setHead(length, <u32>changetype<usize>(record.links.next));
    record.clear();
    if (givePages(span, length)) closed = true;
  }
  state.recentPages = 0;
  return closed;
}
