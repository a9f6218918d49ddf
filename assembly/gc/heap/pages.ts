/**
 * Pages that a collection has to look at, in address order. Four sets of pages are kept as bits in the headers of
 * their arenas, with a bit an arena above them, so that a young collection never sees the old part of the heap.
 */
import {
  ARENA_BIT_BYTES,
  ARENA_PAGED,
  ARENA_PAGES,
  ARENA_SHIFT,
  DOMAIN_CONTAINER,
  HEADER_PAGES,
  HEADER_YOUNG,
  PAGE_BYTES,
  PAGE_SHIFT,
  STATE_FIRST,
  STATE_FRONTIER,
  STATE_YOUNG_ARENAS,
} from "../../layout";
import { STATE, word } from "../../state";
import { kindOf } from "../../alloc/arenas";
import { arenaOf, headerOf, recordOf } from "../../alloc/pages";
import { poolDomain } from "../../alloc/pools";
import { endOf, firstOf, strideOf } from "../../object/core/page-blocks";
import { forgetContainers, noteContainers } from "../../object/core/young-pages";

export { endOf, firstOf, strideOf };

/** Sets of pages; they can be combined. */
export const YOUNG: u32 = 1;
export const MIDDLE: u32 = 2;
export const TRASH: u32 = 4;
export const RESCAN: u32 = 8;
/** Every page. */
export const ALL: u32 = 16;

/** Adds the page of an object to one set. */
export function markPage(object: usize, set: u32): void {
  const index = <u32>ctz(set);
  const header = headerOf(arenaOf(object)) + HEADER_YOUNG + (index << 3);
  const number = (<u32>object) >>> ARENA_SHIFT;
  store<u64>(header, load<u64>(header) | ((<u64>1) << (((<u32>object) >>> PAGE_SHIFT) & (ARENA_PAGES - 1))));
  const arenas = bitsOf(index) + (number >>> 3);
  store<u8>(arenas, <u8>((<u32>load<u8>(arenas)) | (1 << (number & 7))));
}

/** Takes a page out of one set. */
export function unmarkPage(page: usize, set: u32): void {
  const header = headerOf(arenaOf(page)) + HEADER_YOUNG + ((<usize>ctz(set)) << 3);
  store<u64>(header, load<u64>(header) & ~((<u64>1) << (((<u32>page) >>> PAGE_SHIFT) & (ARENA_PAGES - 1))));
}

/** Empties one set. */
export function clearPages(set: u32): void {
  const index = <u32>ctz(set);
  const frontier = word(STATE_FRONTIER);
  for (let number: u32 = 0; number < frontier; number += 64) {
    const place = bitsOf(index) + (number >>> 3);
    let bits = load<u64>(place);
    store<u64>(place, 0);
    for (; bits; bits &= bits - 1) {
      const arena = number + <u32>ctz(bits);
      if (kindOf(arena) == ARENA_PAGED)
        store<u64>(headerOf((<usize>arena) << ARENA_SHIFT) + HEADER_YOUNG + (index << 3), 0);
    }
  }
}

/** The page of containers that follows one in address order, the first for 0; 0 after the last. */
export function nextPage(after: usize, sets: u32): usize {
  let number = word(STATE_FIRST);
  let page: u32 = 0;
  if (after) {
    number = (<u32>after) >>> ARENA_SHIFT;
    page = (((<u32>after) >>> PAGE_SHIFT) & (ARENA_PAGES - 1)) + 1;
  }
  const frontier = word(STATE_FRONTIER);
  if (page == ARENA_PAGES) {
    number++;
    page = 0;
  }
  for (; number < frontier; number++) {
    if (sets != ALL) {
      const marked = nextMarked(number, sets);
      if (marked >= frontier) return 0;
      if (marked != number) page = 0;
      number = marked;
    }
    if (kindOf(number) == ARENA_PAGED) {
      const arena = (<usize>number) << ARENA_SHIFT;
      let bits = (pagesOf(headerOf(arena), sets) >>> page) << page;
      for (; bits; bits &= bits - 1) {
        const found = arena + ((<usize>ctz(bits)) << PAGE_SHIFT);
        if (poolDomain(recordOf(found)) == DOMAIN_CONTAINER) return found;
      }
    }
    page = 0;
  }
  return 0;
}

/** Finds out anew which pages hold containers. Only while no page is young: see object/core/young-pages.ts. */
export function noteContainerPages(): void {
  forgetContainers();
  for (let page = nextPage(0, ALL); page; page = nextPage(page, ALL)) noteContainers(page);
}

/** Number of the first arena from `number` on in which one of the sets has a page; a large number if there is none. */
function nextMarked(number: u32, sets: u32): u32 {
  const frontier = word(STATE_FRONTIER);
  for (let base = number & ~63; base < frontier; base += 64) {
    let bits: u64 = 0;
    for (let index: u32 = 0; index < 4; index++) {
      if (sets & (1 << index)) bits |= load<u64>(bitsOf(index) + (base >>> 3));
    }
    if (base < number) bits = (bits >>> (number & 63)) << (number & 63);
    if (bits) return base + <u32>ctz(bits);
  }
  return u32.MAX_VALUE;
}

function pagesOf(header: usize, sets: u32): u64 {
  if (sets == ALL) return ~load<u64>(header, HEADER_PAGES);
  let bits: u64 = 0;
  for (let index: u32 = 0; index < 4; index++) {
    if (sets & (1 << index)) bits |= load<u64>(header + HEADER_YOUNG + (index << 3));
  }
  return bits;
}

// @ts-ignore: decorator
@inline
function bitsOf(index: u32): usize {
  return STATE + STATE_YOUNG_ARENAS + index * ARENA_BIT_BYTES;
}

/**
 * The block that follows one in address order on the pages of the sets, the first for 0; 0 after the last. For walks
 * that change nothing but marks; those that every collection takes have loops of their own.
 */
export function nextBlock(previous: usize, sets: u32): usize {
  let page = previous & ~(<usize>PAGE_BYTES - 1);
  if (previous) {
    const next = previous + strideOf(page);
    if (next < endOf(page)) return next;
  }
  do {
    page = nextPage(page, sets);
  } while (page && firstOf(page) >= endOf(page));
  return page ? firstOf(page) : 0;
}
