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
import { arenasInUse, pageRecord } from "./pages";
import { giveAll } from "./tails";

/** Programs with a managed runtime make objects, which do not wait; they do without the code. */
export const WAITS: bool = !isDefined(TALLYHEAP_MANAGED);

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
  if (!WAITS) return 0;
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
  if (!WAITS) return false;
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

/** List of spans of so many pages, 9 ≤ length < RECENT_LENGTHS: exact below 32, then eight lists a doubling. */
export function recentList(length: u32): u32 {
  if (length < 32) return length - 8;
  const top = 31 - clz(length);
  return 24 + ((top - 5) << 3) + ((length >>> (top - 3)) & 7);
}

/**
 * Takes a waiting span of `length` pages or up to an eighth more; 0 if none waits that is the newest of its list. The caller
 * notes it as a span again.
 */
export function popRecentSpan(length: u32): usize {
  if (!WAITS) return 0;
  if (length - layout.RECENT_SHORTEST >= layout.RECENT_LENGTHS - layout.RECENT_SHORTEST) return 0;
  const list = recentList(length);
  const most = length >>> layout.RECENT_FIT_SHIFT;
  // Those of its own list may be shorter, those of the next one cannot.
  const found = takeIfFits(list, length, most);
  return found ? found : takeIfFits(list + 1, length, most);
}

function takeIfFits(list: u32, length: u32, most: u32): usize {
  const span = <usize>recentSpans.head(list);
  if (!span) return 0;
  const record = pageRecord(span);
  const pages = record.spanPages;
  if (pages - length > most) return 0;
  unlinkFirst(list, record);
  return span;
}

function unlinkFirst(list: u32, record: PageRecord): void {
  recentSpans.setHead(list, <u32>changetype<usize>(record.links.next));
  state.recentPages -= record.spanPages;
}

/** Pages that spans may wait with. */
function mostPages(): u32 {
  return min(layout.RECENT_PAGES, max(16, arenasInUse()) << layout.RECENT_SHARE_SHIFT);
}

/** Keeps a freed span; false if its length is not kept, or too many pages would wait. */
export function pushRecentSpan(span: usize, record: PageRecord): bool {
  const length = record.spanPages;
  if (!WAITS || length - layout.RECENT_SHORTEST >= layout.RECENT_LENGTHS - layout.RECENT_SHORTEST)
    return false;
  const most = mostPages();
  // Others wait, and there are too many: from now on those that this program frees now.
  if (state.recentPages + length > most) releaseRecentSpans();
  const pages = state.recentPages + length;
  if (pages > most) return false;
  state.recentPages = pages;
  record.sizeClass = <u8>layout.CLASS_RECENT;
  const list = recentList(length);
  // Links are addresses of spans, not of records: who takes one needs its address.
  record.links.next = changetype<PageRecord | null>(<usize>recentSpans.head(list));
  recentSpans.setHead(list, <u32>span);
  return true;
}

/** Gives the pages of all waiting spans back. */
export function releaseRecentSpans(): void {
  while (recentSpans.bits) {
    const list = <u32>ctz(recentSpans.bits);
    const span = <usize>recentSpans.head(list);
    const record = pageRecord(span);
    const length = record.spanPages;
    unlinkFirst(list, record);
    record.clear();
    giveAll(span, length);
  }
}
