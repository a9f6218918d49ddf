/**
 * Pages with young containers, and pages with containers at all. They are the collector's data and lie below it because
 * allocation has to mark them; gc/heap/pages.ts reads them.
 *
 * A bit for each page and a bit for each arena is set before a block of the page can become an object, so that a young
 * collection finds its candidates without a list and without a look at old pages. Blocks reach objects by three ways:
 * from an active list, whose pool is marked when the list is refilled; from a private free list, block by block; and as
 * spans. Who clears the marks has to mark the current pools again.
 */
import {
  ARENA_PAGES,
  ARENA_SHIFT,
  CONTAINER_PAGES,
  DOMAIN_CONTAINER,
  HEADER_YOUNG,
  LAST_CLASS,
  PAGE_SHIFT,
  SLOT_HEADER,
  STATE_CONTAINER_PAGES,
  STATE_CURRENT,
  STATE_YOUNG_ARENAS,
} from "../../layout";
import { STATE } from "../../state";
import { arenaOf, entryInline, headerOf, pageOf, recordInline } from "../../alloc/pages";
import { classSlot } from "../../alloc/pools";

/** Sees to it that a container may be made here. The calls to the header would take longer than the look at it. */
// @ts-ignore: decorator
@inline
export function ensureYoung(block: usize): void {
  const header = entryInline(recordInline(arenaOf(block)), SLOT_HEADER);
  if (!((load<u64>(header, HEADER_YOUNG) >>> pageNumber(block)) & 1)) markYoung(block);
}

export function markYoung(block: usize): void {
  const header = headerOf(arenaOf(block));
  store<u64>(header, load<u64>(header, HEADER_YOUNG) | ((<u64>1) << pageNumber(block)), HEADER_YOUNG);
  noteContainers(block);
  const number = (<u32>block) >>> ARENA_SHIFT;
  const arenas = STATE + STATE_YOUNG_ARENAS + (number >>> 3);
  store<u8>(arenas, <u8>((<u32>load<u8>(arenas)) | (1 << (number & 7))));
}

/** Number of a page in its arena. */
// @ts-ignore: decorator
@inline
function pageNumber(block: usize): u64 {
  return (block >>> PAGE_SHIFT) & (ARENA_PAGES - 1);
}

/** Marks the pools that active lists of containers were detached from. */
export function markCurrentPools(): void {
  for (let c: u32 = 1; c <= LAST_CLASS; c++) {
    const record = load<usize>(STATE + STATE_CURRENT + classSlot(DOMAIN_CONTAINER, c));
    if (record) markYoung(pageOf(record));
  }
}

// ---- pages that hold containers ----
//
//   a tracked object lies on page n   ⇒   CONTAINER_PAGES[n mod 2¹⁵] = 1
//
// Half of a program's references lead to strings and numbers, whose pages hold no containers: a collection then need not
// fetch their headers to see that they belong to no set (bench:gc, imports with its own types: 40 % less). A full
// collection makes the table anew when it has cleared the young marks, so that every page marked later comes by here.

// @ts-ignore: decorator
@inline
export function noteContainers(page: usize): void {
  store<u8>(STATE + STATE_CONTAINER_PAGES + entryNumber(page), 1);
}

/** Before all pages of containers are noted anew. */
export function forgetContainers(): void {
  memory.fill(STATE + STATE_CONTAINER_PAGES, 0, CONTAINER_PAGES);
}

/** Whether containers can lie on the page of a block. */
// @ts-ignore: decorator
@inline
export function mayHoldContainers(block: usize): bool {
  return load<u8>(STATE + STATE_CONTAINER_PAGES + entryNumber(block)) != 0;
}

// @ts-ignore: decorator
@inline
function entryNumber(block: usize): usize {
  return (block >>> PAGE_SHIFT) & (CONTAINER_PAGES - 1);
}
