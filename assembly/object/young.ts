/**
 * Where containers are born: a bit for each page and a bit for each arena, set before a block of the page can become
 * an object, so that a young collection finds its candidates without a list and without a look at old pages.
 *
 * Blocks reach objects by three ways: from an active list, whose pool is marked when the list is refilled; from a
 * private free list, block by block; and as spans. Who clears the marks has to mark the current pools again.
 */
import {
  ARENA_SHIFT,
  DOMAIN_CONTAINER,
  HEADER_YOUNG,
  LAST_CLASS,
  PAGE_SHIFT,
  ARENA_PAGES,
  STATE_CURRENT,
  STATE_YOUNG_ARENAS,
} from "../layout";
import { STATE } from "../state";
import { arenaOf, headerOf, pageOf } from "../alloc/pages";
import { classSlot } from "../alloc/pools";

export function markYoung(block: usize): void {
  const header = headerOf(arenaOf(block));
  const young = load<u64>(header, HEADER_YOUNG);
  const bit = (<u64>1) << (((<u32>block) >>> PAGE_SHIFT) & (ARENA_PAGES - 1));
  if (young & bit) return;
  store<u64>(header, young | bit, HEADER_YOUNG);
  const number = (<u32>block) >>> ARENA_SHIFT;
  const arenas = STATE + STATE_YOUNG_ARENAS + (number >>> 3);
  store<u8>(arenas, <u8>((<u32>load<u8>(arenas)) | (1 << (number & 7))));
}

/** Marks the pools that active lists of containers were detached from. */
export function markCurrentPools(): void {
  for (let c: u32 = 1; c <= LAST_CLASS; c++) {
    const record = <usize>load<u32>(STATE + STATE_CURRENT + classSlot(DOMAIN_CONTAINER, c));
    if (record) markYoung(pageOf(record));
  }
}
