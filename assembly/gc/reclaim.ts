/**
 * Trash goes at once and not by counting down: every object of it releases what is not trash, then its memory. Nothing
 * is allocated and no host code runs meanwhile, so a child that is gone already is known by its meta word of 0. What
 * has to die by the book waits in a list until all trash is gone.
 */
import { FLAG_BUFFER, FLAG_WEAKREF, META_DYING, STATE_GC_ORPHANS, TYPE_FLAGS, TYPE_ITEMS } from "../layout";
import { setWord, word } from "../state";
import { discard } from "../object/alloc";
import { giveBuffer } from "../object/buffers";
import { decref } from "../object/death";
import { describe, metaOf, setMeta } from "../object/header";
import { unlinkWeakref } from "../object/weak";
import { isWhite } from "./colour";
import { TRASH, endOf, firstOf, nextPage, strideOf } from "./pages";
import { RELEASE, visit } from "./visit";

/**
 * Releases every white object. References to objects of the set that the three numbers say are left alone: they are
 * to trash, or were taken out of the count already. The number of objects.
 */
export function reclaim(mask: u32, flip: u32, limit: u32): u32 {
  let found: u32 = 0;
  for (let page = nextPage(0, TRASH); page; page = nextPage(page, TRASH)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (!isWhite(meta)) continue;
      found++;
      visit(RELEASE, object, meta, mask, flip, limit, 0, 0, 0);
      const type = describe(meta);
      const flags = load<u32>(type, TYPE_FLAGS);
      if (flags & FLAG_BUFFER) giveBuffer(load<u32>(object + load<u32>(type, TYPE_ITEMS)));
      else if (flags & FLAG_WEAKREF) unlinkWeakref(object);
      discard(object, type);
    }
  }
  return found;
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
