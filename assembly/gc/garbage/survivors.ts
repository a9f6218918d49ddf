/** What becomes of those that a collection does not find to be trash: they grow older, and some tuples become untracked. */
import { META_TRACKED, META_UNTRACKABLE, META_WHITE } from "../../layout";
import { collector } from "../../state";
import { headerOf, metaOf, setMeta } from "../../object/core/header";
import { markCurrentPools } from "../../object/core/young-pages";
import { COLOUR, GENERATION, TRACKED, bitsOf, upTo } from "../heap/colour";
import {
  MIDDLE,
  TRASH,
  YOUNG,
  clearPages,
  endOf,
  firstOf,
  markPage,
  nextBlock,
  nextPage,
  noteContainerPages,
  strideOf,
} from "../heap/pages";

/** Notes the pages with white objects in the set TRASH. All bits that any of them has in its meta word. */
export function markGarbagePages(sets: u32): u32 {
  let metas: u32 = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    let here: u32 = 0;
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (meta & META_WHITE) here |= meta;
    }
    metas |= here;
    if (here) markPage(page, TRASH);
  }
  return metas;
}

/** Makes the generations up to one a generation older, the white ones excepted, and forgets where young ones were. */
export function promote(generation: u32): void {
  const sets = generation ? YOUNG | MIDDLE : YOUNG;
  const mask = upTo(generation);
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    let grown = false;
    for (let object = firstOf(page); object < end; object += stride) {
      const header = headerOf(object);
      const meta = <u32>(header >>> 32);
      if ((header & mask) != TRACKED || meta & META_WHITE) continue;
      setMeta(object, olderMeta(meta, generation));
      grown = true;
    }
    if (grown && !generation) markPage(page, MIDDLE);
  }
  clearPages(YOUNG);
  if (generation) clearPages(MIDDLE);
  if (generation > 1) noteContainerPages();
  markCurrentPools();
}

/** The meta word of what survives a collection of `generation`. */
// @ts-ignore: decorator
@inline
function olderMeta(meta: u32, generation: u32): u32 {
  return (meta & ~(GENERATION | COLOUR)) | bitsOf(min<u32>(generation + 1, 2));
}

/** An object of the trash lives on, in the next older generation. */
export function spare(object: usize, meta: u32, generation: u32): void {
  setMeta(object, olderMeta(meta, generation));
  if (!generation) markPage(object, MIDDLE);
}

/** Untracks the tuples that trial deletion found untrackable, unless they are garbage. */
export function untrackMarked(sets: u32): void {
  if (!collector.untrackable) return;
  collector.untrackable = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const stride = strideOf(page);
    const end = endOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if (!(meta & META_UNTRACKABLE)) continue;
      setMeta(
        object,
        meta & META_WHITE ? meta & ~META_UNTRACKABLE : meta & ~(META_UNTRACKABLE | META_TRACKED),
      );
    }
  }
}

/** After the second look: objects of the trash that have a colour live on; SAVED is that of those it reached. */
export function spareColoured(colour: u32, generation: u32): void {
  for (let object = nextBlock(0, TRASH); object; object = nextBlock(object, TRASH)) {
    const meta = metaOf(object);
    if ((meta & COLOUR) == colour) spare(object, meta, generation);
  }
}
