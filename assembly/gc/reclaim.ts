/**
 * Trash goes at once and not by counting down: every object of it releases what is not trash, then its memory. Nothing
 * is allocated and no host code runs meanwhile, so a child that is gone already is known by its meta word of 0. What
 * has to die by the book waits in a list until all trash is gone.
 */
import {
  FLAG_BUFFER,
  FLAG_WEAKREF,
  META_DYING,
  STATE_GC_ORPHANS,
  STATE_YOUNG_COUNT,
  TYPE_FLAGS,
  TYPE_ITEMS,
} from "../layout";
import { setWord, word } from "../state";
import { enter, free, leave } from "../alloc/malloc";
import { recordOf } from "../alloc/pages";
import { freeLinked, isPool } from "../alloc/pools";
import { giveBuffer } from "../object/buffers";
import { decref } from "../object/death";
import { describe, metaOf, setMeta } from "../object/header";
import { unlinkWeakref } from "../object/weak";
import { isWhite } from "./colour";
import { endOf, firstOf, nextPage, strideOf } from "./pages";
import { RELEASE, scanOf, visit } from "./visit";

/**
 * Releases every white object on the pages. References to objects of the set are left alone: they are to trash, or were
 * taken out of the count already. The number of objects.
 */
export function reclaim(sets: u32, mask: u64, pattern: u64): u32 {
  let found: u32 = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    found += reclaimPage(page, mask, pattern);
  }
  return found;
}

/** Blocks go back by the page, linked to each other, and past the private free lists, which a collection empties. */
function reclaimPage(page: usize, mask: u64, pattern: u64): u32 {
  const record = recordOf(page);
  const stride = strideOf(page);
  const end = endOf(page);
  let found: u32 = 0;
  let first: usize = 0;
  let last: usize = 0;
  for (let object = firstOf(page); object < end; object += stride) {
    const meta = metaOf(object);
    if (!isWhite(meta)) continue;
    visit(RELEASE, object, meta, scanOf(meta), mask, pattern, 0, 0);
    const type = describe(meta);
    const flags = load<u32>(type, TYPE_FLAGS);
    if (flags & FLAG_BUFFER) giveBuffer(load<u32>(object + load<u32>(type, TYPE_ITEMS)));
    else if (flags & FLAG_WEAKREF) unlinkWeakref(object);
    store<u64>(object, <u64>first);
    first = object;
    if (!found) last = object;
    found++;
  }
  if (found) giveBlocks(record, first, last, found);
  return found;
}

function giveBlocks(record: usize, first: usize, last: usize, found: u32): void {
  const young = word(STATE_YOUNG_COUNT);
  setWord(STATE_YOUNG_COUNT, young > found ? young - found : 0);
  if (!isPool(record)) free(first);
  else if (enter()) {
    freeLinked(record, first, last, found);
    leave();
  }
}

/** Lets those die that trash alone held. Host code may run. */
export function releaseOrphans(): void {
  let object = <usize>word(STATE_GC_ORPHANS);
  while (object) {
    setWord(STATE_GC_ORPHANS, load<u32>(object));
    store<u32>(object, 1);
    setMeta(object, metaOf(object) & ~META_DYING);
    decref(object);
    object = word(STATE_GC_ORPHANS);
  }
}
