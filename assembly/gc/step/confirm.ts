/**
 * The last phases of a collection in slices: guesses are looked at once more, a piece at a time, with the program at rest, and
 * what is garbage goes.
 *
 *   an object of the piece is garbage  ⇔  nothing outside of the piece leads to it
 *
 * Garbage that other garbage leads to is found to be held if the other is not in its piece. So there are three looks:
 *
 *   at guesses, page by page             what is spared is written down, with the flag SPARED
 *   at what has it, some at a time       most of what had held it is gone; what is spared again has the flag WAITING
 *   at what has that, all in one piece   garbage that is left can only be held by what is in it, too
 *
 * A piece is a list (piece.ts). One that is too large for that goes by trial deletion over its pages, as any collection.
 */
import * as layout from "../../layout";
import { collector, objects } from "../../state";
import { fault } from "../../alloc/malloc";
import { metaOf } from "../../object/core/header";
import { COLOUR, COLOURED, COLOURED_MASK, HOOKS, SAVED } from "../heap/colour";
import { RESCAN, TRASH, clearPages, nextBlock } from "../heap/pages";
import { finalizeGarbage } from "../garbage/finalize-garbage";
import { spareColoured } from "../garbage/survivors";
import { mark } from "../pass/mark";
import { reclaim, releaseOrphans } from "../pass/reclaim";
import { subtract } from "../pass/subtract";
import { restore } from "../pass/undo";
import { DAMAGED, UNCOUNTED, addToWhole, gatherFrom, judge, takeWhole } from "./piece";
import {
  REACHED,
  SPARED,
  WAITING,
  cellOf,
  isStillSubject,
  sparedRoom,
  stackBase,
  stackLimit,
} from "./shadow";

/** Objects that the second look takes into one piece, about. */
const RETRY_BYTES: usize = 256 << 2;
/** Entries that it looks at for that: most of them may be gone. A header each, at random: some 100 µs. */
const RETRY_ENTRIES: u32 = 1024;

/** Collects what of the list is garbage. The number of objects; −1 and a fault if counts are too low. Host code may run. */
export function confirm(end: usize): i32 {
  const spared = sparedFlags();
  const garbage = collector.stepWaiting ? UNCOUNTED : judge(end, spared);
  if (garbage == UNCOUNTED) {
    takeWhole(end);
    return confirmWhole();
  }
  if (garbage == DAMAGED) return damaged();
  if (spared & SPARED) {
    for (let place = stackBase(); place < end; place += 4) {
      const object = load<usize>(place);
      if (load<u16>(cellOf(object)) & SPARED) writeDown(object);
    }
  }
  if (!garbage) return 0;
  let found = garbage;
  if (goesAtOnce()) {
    objects.critical = 1;
    reclaim(TRASH, COLOURED_MASK, COLOURED);
    objects.critical = 0;
  } else found = finalizeGarbage(2);
  endPiece();
  return found;
}

/** The second look: at some of what was spared. The number of objects that went; −1 as confirm(). */
export function retrySome(): i32 {
  const first = collector.stepEntry;
  let end = stackBase();
  const last = min(collector.stepEntry + RETRY_ENTRIES, collector.spared);
  while (collector.stepEntry < last && end - stackBase() < RETRY_BYTES) {
    const object = takeEntry();
    if (object) end = gatherFrom(object, end);
  }
  collector.stepLooked = <u32>((end - stackBase()) >>> 2) + (collector.stepEntry - first);
  return end > stackBase() ? confirm(end) : 0;
}

/** Leaves in the list what the second look spared, so that the third has no more to do than it must; whether that is done. */
export function siftSome(): bool {
  const last = min(collector.stepEntry + RETRY_ENTRIES, collector.spared);
  while (collector.stepEntry < last) {
    const object = takeEntry();
    if (!object || !(load<u16>(cellOf(object)) & WAITING)) continue;
    store<u32>(stackLimit() + ((<usize>collector.stepItem) << 2), <u32>object);
    collector.stepItem = collector.stepItem + 1;
  }
  if (last < collector.spared) return false;
  collector.spared = collector.stepItem;
  return true;
}

/** The third look: at all that is left, as one piece. */
export function confirmRest(): i32 {
  let end = stackBase();
  while (collector.stepEntry < collector.spared) {
    const object = takeEntry();
    if (!object) continue;
    if (collector.stepWhole) addToWhole(object);
    else {
      end = gatherFrom(object, end);
      if (collector.stepWaiting) {
        takeWhole(end);
        addToWhole(object);
      }
    }
  }
  if (collector.stepWhole) return confirmWhole();
  return end > stackBase() ? confirm(end) : 0;
}

/** The next of what was spared; 0 if it is no subject any more. */
function takeEntry(): usize {
  const object = load<usize>(stackLimit() + ((<usize>collector.stepEntry) << 2));
  collector.stepEntry = collector.stepEntry + 1;
  return isStillSubject(object) ? object : 0;
}

/** Trial deletion over the pages of the piece. */
function confirmWhole(): i32 {
  collector.stepWhole = 0;
  objects.critical = 1;
  subtract(TRASH, COLOURED_MASK, COLOURED);
  if (collector.damaged) {
    restore(TRASH, COLOURED_MASK, COLOURED);
    spareColoured(COLOUR, 2);
    objects.critical = 0;
    endPiece();
    return damaged();
  }
  mark(TRASH, COLOURED_MASK, COLOURED);
  const direct = goesAtOnce();
  const garbage = collector.candidates - collector.reached;
  let found: i32 = 0;
  if (!direct) restore(TRASH, COLOURED_MASK, COLOURED);
  else if (garbage) found = reclaim(TRASH, COLOURED_MASK, COLOURED);
  const spared = sparedFlags();
  for (let object = nextBlock(0, TRASH); object; object = nextBlock(object, TRASH)) {
    if ((metaOf(object) & COLOUR) != SAVED) continue;
    store<u16>(cellOf(object), <u16>spared);
    if (spared & SPARED) writeDown(object);
  }
  spareColoured(SAVED, 2);
  objects.critical = 0;
  if (garbage && !direct) found = finalizeGarbage(2);
  endPiece();
  return found;
}

/** Whether garbage, whose meta bits are known, is released before any host code runs. */
function goesAtOnce(): bool {
  return !(collector.metas & HOOKS) && !(collector.debug & (layout.DEBUG_COLLECTABLE | layout.DEBUG_SAVEALL));
}

function endPiece(): void {
  clearPages(TRASH);
  clearPages(RESCAN);
  releaseOrphans();
}

function damaged(): i32 {
  fault(layout.FAULT_CORRUPT, collector.damaged);
  return -1;
}

/** What the shadow of an object says that this look spares: which look comes next. */
function sparedFlags(): u32 {
  const takes = collector.stepTakes;
  if (!takes) return REACHED | SPARED;
  return takes == SPARED ? REACHED | WAITING : REACHED;
}

/** Writes down what was spared, as far as there is room. */
function writeDown(object: usize): void {
  if (collector.spared < sparedRoom())
    store<u32>(stackLimit() + ((<usize>collector.spared) << 2), <u32>object);
  collector.spared = collector.spared + 1;
}
