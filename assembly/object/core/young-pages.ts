/**
 * Pages with young containers, and pages with containers at all. They are the collector's data and lie below it because
 * allocation has to mark them; gc/heap/pages.ts reads them.
 *
 * A bit for each page and a bit for each arena is set before a block of the page can become an object, so that a young
 * collection finds its candidates without a list and without a look at old pages. Blocks reach objects by three ways:
 * from an active list, whose pool is marked when the list is refilled; from a private free list, block by block; and as
 * spans. Who clears the marks has to mark the current pools again.
 */
import * as layout from "../../layout";
import { ArenaHeader, entryInline } from "../../layout";
import { STATE, currentPools } from "../../state";
import { arenaHeader, arenaOf, pageNumber, pageRecordInline } from "../../alloc/pages";
import { classSlot } from "../../alloc/pools";

/** Sees to it that a container may be made here. The calls to the header would take longer than the look at it. */
// @ts-ignore: decorator
@inline
export function ensureYoung(block: usize): void {
  const record = changetype<usize>(pageRecordInline(arenaOf(block)));
  const header = changetype<ArenaHeader>(entryInline(record, layout.SLOT_HEADER));
  if (!((header.young >>> pageNumber(block)) & 1)) markYoung(block);
}

export function markYoung(block: usize): void {
  const header = arenaHeader(block);
  header.young = header.young | ((<u64>1) << pageNumber(block));
  noteContainers(block);
  const number = (<u32>block) >>> layout.ARENA_SHIFT;
  const arenas = STATE + layout.STATE_YOUNG_ARENAS + (number >>> 3);
  store<u8>(arenas, <u8>((<u32>load<u8>(arenas)) | (1 << (number & 7))));
}

/** Marks the pools that active lists of containers were detached from. */
export function markCurrentPools(): void {
  for (let c: u32 = 1; c <= layout.LAST_CLASS; c++) {
    const record = currentPools[classSlot(layout.DOMAIN_CONTAINER, c)];
    if (record) markYoung(record.page);
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
  store<u8>(STATE + layout.STATE_CONTAINER_PAGES + entryNumber(page), 1);
}

/** Before all pages of containers are noted anew. */
export function forgetContainers(): void {
  memory.fill(STATE + layout.STATE_CONTAINER_PAGES, 0, layout.CONTAINER_PAGES);
}

/** Whether containers can lie on the page of a block. */
// @ts-ignore: decorator
@inline
export function mayHoldContainers(block: usize): bool {
  return load<u8>(STATE + layout.STATE_CONTAINER_PAGES + entryNumber(block)) != 0;
}

// @ts-ignore: decorator
@inline
function entryNumber(block: usize): usize {
  return (block >>> layout.PAGE_SHIFT) & (layout.CONTAINER_PAGES - 1);
}
