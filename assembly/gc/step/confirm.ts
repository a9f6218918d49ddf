/**
 * What slices guess to be garbage is looked at once more, a piece at a time, with the program at rest: trial deletion over
 * the piece alone.
 *
 *   an object of the piece is garbage  ⇔  nothing outside of the piece leads to it
 *
 * whatever the piece is: references from outside stay in the counts, as those from older generations do in a young
 * collection. So a wrong guess costs time and frees nothing that is alive.
 *
 * A piece is what some guesses lead to. Garbage that other garbage leads to is found to be held if the other is not in
 * its piece: what was spared is looked at again at the end, all of it as one piece.
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
import { GATHER, scanOf, visit } from "../pass/visit";
import { gather, isStillSubject, sparedRoom, stackBase, stackLimit, takeIntoPiece } from "./shadow";

/** Takes a guess into the piece, with what it leads to. */
export function gatherFrom(object: usize): void {
  let top = gather(object, stackBase());
  while (top > stackBase()) {
    top -= 4;
    const next = load<usize>(top);
    const meta = metaOf(next);
    top = visit(GATHER, next, meta, scanOf(meta), 0, 0, 0, top);
  }
}

/** Collects what of the piece is garbage. The number of objects; −1 and a fault if counts are too low. Host code may run. */
export function confirm(): i32 {
  objects.critical = 1;
  subtract(TRASH, COLOURED_MASK, COLOURED);
  const damaged = collector.damaged;
  let found: i32 = 0;
  if (damaged) {
    restore(TRASH, COLOURED_MASK, COLOURED);
    spareColoured(COLOUR, 2);
    objects.critical = 0;
    fault(layout.FAULT_CORRUPT, damaged);
    found = -1;
  } else {
    mark(TRASH, COLOURED_MASK, COLOURED);
    const direct =
      !(collector.metas & HOOKS) && !(collector.debug & (layout.DEBUG_COLLECTABLE | layout.DEBUG_SAVEALL));
    const garbage = collector.candidates - collector.reached;
    if (!direct) restore(TRASH, COLOURED_MASK, COLOURED);
    else if (garbage) found = reclaim(TRASH, COLOURED_MASK, COLOURED);
    noteSpared();
    spareColoured(SAVED, 2);
    objects.critical = 0;
    if (garbage && !direct) found = finalizeGarbage(2);
  }
  clearPages(TRASH);
  clearPages(RESCAN);
  releaseOrphans();
  return found;
}

/** Writes down what was spared, as far as there is room, for the last look. */
function noteSpared(): void {
  const room = sparedRoom();
  for (let object = nextBlock(0, TRASH); object; object = nextBlock(object, TRASH)) {
    if ((metaOf(object) & COLOUR) != SAVED) continue;
    if (collector.spared < room) store<u32>(stackLimit() + ((<usize>collector.spared) << 2), <u32>object);
    collector.spared = collector.spared + 1;
  }
}

/** Takes all that was spared into one piece. False if there was no room to write it down. */
export function gatherSpared(): bool {
  if (collector.spared > sparedRoom()) return false;
  let place = stackLimit();
  for (const end = place + ((<usize>collector.spared) << 2); place < end; place += 4) {
    const object = load<usize>(place);
    if (isStillSubject(object)) takeIntoPiece(object);
  }
  return true;
}
