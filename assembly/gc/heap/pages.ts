/**
 * Pages that a collection has to look at, in address order. Four sets of pages are kept as bits in the headers of
 * their arenas, with a bit an arena above them, so that a young collection never sees the old part of the heap.
 */
import * as layout from "../../layout";
import { ArenaHeader } from "../../layout";
import { STATE, state } from "../../state";
import { kindOf } from "../../alloc/arenas";
import { arenaHeader, pageNumber, pageRecord } from "../../alloc/pages";
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
  const header = arenaHeader(object);
  header.setPageSet(index, header.pageSet(index) | bitOf(object));
  const number = (<u32>object) >>> layout.ARENA_SHIFT;
  const arenas = arenaBits(index) + (number >>> 3);
  store<u8>(arenas, <u8>((<u32>load<u8>(arenas)) | (1 << (number & 7))));
}

/** Takes a page out of one set. */
export function unmarkPage(page: usize, set: u32): void {
  const index = <u32>ctz(set);
  const header = arenaHeader(page);
  header.setPageSet(index, header.pageSet(index) & ~bitOf(page));
}

// @ts-ignore: decorator
@inline
function bitOf(page: usize): u64 {
  return (<u64>1) << pageNumber(page);
}

/** Empties one set. */
export function clearPages(set: u32): void {
  const index = <u32>ctz(set);
  const frontier = state.frontier;
  for (let number: u32 = 0; number < frontier; number += 64) {
    const place = arenaBits(index) + (number >>> 3);
    let bits = load<u64>(place);
    store<u64>(place, 0);
    for (; bits; bits &= bits - 1) {
      const arena = number + <u32>ctz(bits);
      if (kindOf(arena) == layout.ARENA_PAGED)
        arenaHeader((<usize>arena) << layout.ARENA_SHIFT).setPageSet(index, 0);
    }
  }
}

/** The page of containers that follows one in address order, the first for 0; 0 after the last. */
export function nextPage(after: usize, sets: u32): usize {
  let number = state.first;
  let page: u32 = 0;
  if (after) {
    number = (<u32>after) >>> layout.ARENA_SHIFT;
    page = pageNumber(after) + 1;
  }
  const frontier = state.frontier;
  if (page == layout.ARENA_PAGES) {
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
    if (kindOf(number) == layout.ARENA_PAGED) {
      const arena = (<usize>number) << layout.ARENA_SHIFT;
      let bits = (pagesOf(arenaHeader(arena), sets) >>> page) << page;
      for (; bits; bits &= bits - 1) {
        const found = arena + ((<usize>ctz(bits)) << layout.PAGE_SHIFT);
        if (pageRecord(found).domain == layout.DOMAIN_CONTAINER) return found;
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
  const frontier = state.frontier;
  for (let base = number & ~63; base < frontier; base += 64) {
    let bits: u64 = 0;
    for (let index: u32 = 0; index < 4; index++) {
      if (sets & (1 << index)) bits |= load<u64>(arenaBits(index) + (base >>> 3));
    }
    if (base < number) bits = (bits >>> (number & 63)) << (number & 63);
    if (bits) return base + <u32>ctz(bits);
  }
  return u32.MAX_VALUE;
}

function pagesOf(header: ArenaHeader, sets: u32): u64 {
  if (sets == ALL) return ~header.freePages;
  let bits: u64 = 0;
  for (let index: u32 = 0; index < 4; index++) {
    if (sets & (1 << index)) bits |= header.pageSet(index);
  }
  return bits;
}

// @ts-ignore: decorator
@inline
function arenaBits(index: u32): usize {
  return STATE + layout.STATE_YOUNG_ARENAS + index * layout.ARENA_BIT_BYTES;
}

/**
 * The block that follows one in address order on the pages of the sets, the first for 0; 0 after the last. For walks
 * that change nothing but marks; those that every collection takes have loops of their own.
 */
export function nextBlock(previous: usize, sets: u32): usize {
  let page = previous & ~(<usize>layout.PAGE_BYTES - 1);
  if (previous) {
    const next = previous + strideOf(page);
    if (next < endOf(page)) return next;
  }
  do {
    page = nextPage(page, sets);
  } while (page && firstOf(page) >= endOf(page));
  return page ? firstOf(page) : 0;
}
