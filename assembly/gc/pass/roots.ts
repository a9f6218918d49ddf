/**
 * Presumed roots. What was held from outside at one full collection is so at the next one, as a rule; and what such
 * objects reach need not be subtracted to be known as living. So the first pass follows them at once: their children in
 * front of it become grey and are followed as it comes to them, those behind it, which are white, by the mark stack. A
 * heap that lies behind its roots is walked once then, and the header of each child fetched once.
 *
 *   presumed   marked before the first pass; references from what is followed are noted here, not subtracted
 *   confirmed  after it:   count − noted > 0,   as the references of all others have left the count
 *   refuted    count = noted: everything that was followed is subtracted after all, and nothing was presumed
 *
 * The table has a slot for an address, and no second one: objects that fall into the same slot are followed if they are
 * reached from another. The debug core presumes nothing, so that it finds each count that is too low: what is followed is
 * not compared with its count, and trash that refers to it may release what was not its own.
 */
import {
  FAULT_NONE,
  PAGE_SHIFT,
  ROOT_BYTES,
  ROOT_OBJECT,
  ROOT_REFERENCES,
  ROOT_SLOTS,
  STATE_GC_CANDIDATES,
  STATE_GC_FULL,
  STATE_GC_REACHED,
  STATE_GC_ROOTS,
  STATE_GC_ROOTS_PAUSE,
  STATE_GC_ROOTS_WAIT,
  STATE_GC_TOTAL,
} from "../../layout";
import { STATE, setWord, word } from "../../state";
import { countOf, metaOf, setMeta } from "../../object/core/header";
import { checkObject } from "../../object/core/walk";
import { COLOUR, ROOT, TRACKED } from "../heap/colour";
import { ALL, endOf, firstOf, nextPage, strideOf } from "../heap/pages";

const TABLE: usize = STATE + STATE_GC_ROOTS;
const TABLE_END: usize = TABLE + ROOT_SLOTS * ROOT_BYTES;
/**
 * Full collections of the longest pause; see lengthenPause(). Where each presumption is wrong 60 full collections took 9 %
 * longer with 15, most of it at the first few. Not tuned.
 */
const PAUSE_MAX: u32 = 15;

/** Takes note of a reference to a presumed root, from an object that is known to live if the roots are confirmed. */
// @ts-ignore: decorator
@inline
export function noteReference(root: usize): void {
  const slot = slotOf(root);
  store<u32>(slot, load<u32>(slot, ROOT_REFERENCES) + 1, ROOT_REFERENCES);
}

// Objects of the same place on different pages are to have different slots.
// @ts-ignore: decorator
@inline
function slotOf(object: usize): usize {
  return TABLE + (((object >>> 4) ^ (object >>> PAGE_SHIFT)) & (ROOT_SLOTS - 1)) * ROOT_BYTES;
}

/** Marks the roots of the last look that are objects of the set still. True if there are any, and it is not too soon. */
export function presumeRoots(mask: u64): bool {
  if (word(STATE_GC_ROOTS_WAIT)) return false;
  let presumed = false;
  for (let slot = TABLE; slot < TABLE_END; slot += ROOT_BYTES) {
    const object = <usize>load<u32>(slot, ROOT_OBJECT);
    if (!object) continue;
    store<u32>(slot, 0, ROOT_REFERENCES);
    if (isCandidate(object, mask)) {
      setMeta(object, metaOf(object) | ROOT);
      presumed = true;
    } else store<u32>(slot, 0, ROOT_OBJECT);
  }
  return presumed;
}

/** The block may have become anything meanwhile. */
function isCandidate(object: usize, mask: u64): bool {
  return checkObject(object) == FAULT_NONE && (load<u64>(object) & mask) == TRACKED;
}

/** Takes the marks back. False if a root was none, or has fewer counts than references; those are forgotten. */
export function confirmRoots(): bool {
  let confirmed = true;
  for (let slot = TABLE; slot < TABLE_END; slot += ROOT_BYTES) {
    const object = <usize>load<u32>(slot, ROOT_OBJECT);
    if (!object) continue;
    setMeta(object, metaOf(object) & ~ROOT);
    if (countOf(object) > load<i32>(slot, ROOT_REFERENCES)) continue;
    store<u32>(slot, 0, ROOT_OBJECT);
    confirmed = false;
  }
  const pause = word(STATE_GC_ROOTS_PAUSE);
  if (!confirmed) lengthenPause();
  else if (pause) setWord(STATE_GC_ROOTS_PAUSE, pause - 1);
  return confirmed;
}

/**
 * Looks for roots if most of the heap was not followed, though most of it may have lived through the last full
 * collection; between the first pass and the second, when what is held from outside has a count and nothing else has,
 * except where the mark stack was full. A look takes a tenth of a collection (bench:gc, trees of lists children first).
 */
export function reviewRoots(): void {
  const most = word(STATE_GC_CANDIDATES) >>> 1;
  const wait = word(STATE_GC_ROOTS_WAIT);
  if (wait) setWord(STATE_GC_ROOTS_WAIT, wait - 1);
  else if (word(STATE_GC_REACHED) <= most && word(STATE_GC_TOTAL) > most && !word(STATE_GC_FULL)) {
    lengthenPause();
    noteRoots();
  }
}

/**
 * A look may be in vain, and one refutation costs what many collections save: there is a pause after both, twice as long
 * each time, and shorter by one after each collection whose roots were confirmed. Where one object of many is let go
 * between any two collections, they take no longer than without roots in the long run.
 */
function lengthenPause(): void {
  const pause = word(STATE_GC_ROOTS_PAUSE);
  setWord(STATE_GC_ROOTS_WAIT, pause);
  setWord(STATE_GC_ROOTS_PAUSE, min<u32>(2 * pause + 1, PAUSE_MAX));
}

function noteRoots(): void {
  let left = ROOT_SLOTS;
  for (let page = nextPage(0, ALL); page; page = nextPage(page, ALL)) {
    const end = endOf(page);
    const stride = strideOf(page);
    for (let object = firstOf(page); object < end; object += stride) {
      const meta = metaOf(object);
      if ((meta & COLOUR) != COLOUR || countOf(object) <= 0) continue;
      const slot = slotOf(object);
      if (!load<u32>(slot, ROOT_OBJECT)) store<u32>(slot, <u32>object, ROOT_OBJECT);
      if (--left == 0) return;
    }
  }
}
