/**
 * Presumed roots. What was held from outside at one full collection is so at the next one, as a rule; and what such
 * objects reach need not be subtracted to be known as living. So the first pass follows them at once: their children in
 * front of it become grey and are followed as it comes to them, those behind it, which are white, become grey for the
 * second pass. A heap that lies behind its roots is walked once then, and the header of each child fetched once.
 *
 *   presumed   marked before the first pass; references from what is followed are noted here, not subtracted
 *   confirmed  after it:   count − noted > 0,   as the references of all others have left the count
 *   refuted    count = noted: everything that was followed is subtracted after all, and nothing was presumed
 *
 * The table has a slot for an address, and no second one: objects that fall into the same slot are followed if they are
 * reached from another. The debug core presumes nothing, so that it finds each count that is too low.
 */
import {
  DOMAIN_CONTAINER,
  FAULT_NONE,
  META_TRASH,
  ROOT_BYTES,
  ROOT_OBJECT,
  ROOT_REFERENCES,
  ROOT_SLOTS,
  STATE_GC_CANDIDATES,
  STATE_GC_DAMAGED,
  STATE_GC_REACHED,
  STATE_GC_ROOTS,
  STATE_GC_ROOTS_PAUSE,
  STATE_GC_ROOTS_WAIT,
  STATE_GC_TOTAL,
} from "../layout";
import { STATE, setWord, word } from "../state";
import { recordOf } from "../alloc/pages";
import { poolDomain } from "../alloc/pools";
import { countOf, metaOf, setMeta } from "../object/header";
import { checkObject } from "../object/walk";
import { COLOUR, ROOT, TRACKED } from "./colour";
import { ALL, endOf, firstOf, nextPage, strideOf } from "./pages";

const TABLE: usize = STATE + STATE_GC_ROOTS;
const TABLE_END: usize = TABLE + ROOT_SLOTS * ROOT_BYTES;
/** Full collections between two looks for roots, at most, while what they find does not serve. */
const PAUSE_MAX: u32 = 15;

/** Takes note of a reference to a presumed root, from an object that is known to live if the roots are confirmed. */
// @ts-ignore: decorator
@inline
export function noteReference(root: usize): void {
  const slot = slotOf(root);
  store<u32>(slot, load<u32>(slot, ROOT_REFERENCES) + 1, ROOT_REFERENCES);
}

// Objects are 8 bytes apart, but hardly any is that small.
// @ts-ignore: decorator
@inline
function slotOf(object: usize): usize {
  return TABLE + ((object >>> 4) & (ROOT_SLOTS - 1)) * ROOT_BYTES;
}

/** Marks the roots of the last look that are objects of the set. */
export function presumeRoots(mask: u64): void {
  for (let slot = TABLE; slot < TABLE_END; slot += ROOT_BYTES) {
    const object = <usize>load<u32>(slot, ROOT_OBJECT);
    if (!object) continue;
    store<u32>(slot, 0, ROOT_REFERENCES);
    if (isCandidate(object, mask)) setMeta(object, metaOf(object) | ROOT);
    else store<u32>(slot, 0, ROOT_OBJECT);
  }
}

/** The block may have become anything meanwhile. */
function isCandidate(object: usize, mask: u64): bool {
  return (
    checkObject(object) == FAULT_NONE &&
    poolDomain(recordOf(object)) == DOMAIN_CONTAINER &&
    (load<u64>(object) & mask) == TRACKED
  );
}

/**
 * Takes the marks back. False if a root was none. All are forgotten then: where one object is let go between two full
 * collections, another one is before the next, and each of them costs more than roots that hold save.
 */
export function confirmRoots(): bool {
  let confirmed = true;
  for (let slot = TABLE; slot < TABLE_END; slot += ROOT_BYTES) {
    const object = <usize>load<u32>(slot, ROOT_OBJECT);
    if (!object) continue;
    setMeta(object, metaOf(object) & ~META_TRASH);
    const held = countOf(object) - load<i32>(slot, ROOT_REFERENCES);
    if (held > 0) continue;
    if (held < 0) setWord(STATE_GC_DAMAGED, <u32>object);
    confirmed = false;
  }
  if (!confirmed) {
    memory.fill(TABLE, 0, ROOT_SLOTS * ROOT_BYTES);
    lengthenPause();
  }
  return confirmed;
}

/**
 * Looks for roots if most of the heap was not followed, though most of it may have lived through the last full
 * collection; between the first pass and the second, when what is held from outside has a count and nothing else has.
 * While that does not serve, less and less often: it costs a tenth of a collection (bench:gc, trees of lists children
 * first). Roots that hold shorten the pause by one only, as one refutation costs what many collections save.
 */
export function reviewRoots(): void {
  const most = word(STATE_GC_CANDIDATES) >>> 1;
  const wait = word(STATE_GC_ROOTS_WAIT);
  const pause = word(STATE_GC_ROOTS_PAUSE);
  if (word(STATE_GC_REACHED) > most) setWord(STATE_GC_ROOTS_PAUSE, pause - u32(pause != 0));
  else if (word(STATE_GC_TOTAL) <= most) return;
  else if (wait) setWord(STATE_GC_ROOTS_WAIT, wait - 1);
  else {
    lengthenPause();
    noteRoots();
  }
}

/** Looks again after as many collections as this time, and one more, and next time after twice as many. */
function lengthenPause(): void {
  const collections = word(STATE_GC_ROOTS_PAUSE);
  setWord(STATE_GC_ROOTS_WAIT, collections);
  setWord(STATE_GC_ROOTS_PAUSE, min<u32>(2 * collections + 1, PAUSE_MAX));
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
