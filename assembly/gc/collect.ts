/**
 * A collection, in CPython's order (gc_collect_main of 3.11):
 *
 *   subtract   every container of the generations becomes white, the references among them leave the counts
 *   mark       what is still counted is held from outside; it and what it reaches gets its counts back
 *   garbage    what stayed white. Released at once if none of it has hooks, else as garbage/finalize-garbage.ts says
 *
 * A collection allocates nothing. Between the start callback and the end of marking it runs no host code.
 */
import * as layout from "../layout";
import { collector, objects, state, zeros } from "../state";
import { fault } from "../alloc/malloc";
import {
  drainAfterCollection,
  enterExact,
  leaveExact,
  reclaimZeros,
  releaseZeros,
  requireStack,
} from "../object/death/death";
import { clearFreeLists } from "../object/core/free-lists";
import { announceCollection } from "../object/core/host";
import { gatherEdges } from "./pass/edges";
import { HOOKS, TRACKED, upTo } from "./heap/colour";
import { retune } from "./thresholds";
import { mark } from "./pass/mark";
import { ALL, MIDDLE, RESCAN, TRASH, YOUNG, clearPages } from "./heap/pages";
import { reclaim, releaseOrphans } from "./pass/reclaim";
import { restore, clearColours } from "./pass/undo";
import { subtract } from "./pass/subtract";
import { markGarbagePages, promote, untrackMarked } from "./garbage/survivors";
import { closeTables } from "./step/shadow";
import { finalizeGarbage } from "./garbage/finalize-garbage";

/** In place of a number of objects: the host could not tell what it holds. */
export const HOST_FAILED: i32 = -2;

/**
 * Collects the generations up to one. The number of objects found to be trash; 0 if a collection is under way already;
 * −1 and a fault if counts are lower than the references that were found, −2 if the host could not tell what it holds; in
 * either case nothing has changed.
 */
export function collect(generation: u32): i32 {
  if (collector.collecting || !objects.types || objects.critical || state.poison || zeros.gathering) return 0;
  requireStack();
  collector.collecting = 1;
  announceCollection(layout.COLLECTION_START, generation);
  const found = zeros.deferring ? runExactly(generation) : run(generation);
  collector.collected = found < 0 ? 0 : found;
  announceCollection(layout.COLLECTION_STOP, generation);
  collector.collecting = 0;
  if (zeros.deferring) reclaimZeros();
  else drainAfterCollection();
  return found;
}

/** With stacks and roots counted, after the deaths that were due. */
function runExactly(generation: u32): i32 {
  const outer = zeros.exact;
  if (!enterExact()) return HOST_FAILED;
  releaseZeros();
  const found = objects.critical ? 0 : run(generation);
  leaveExact(outer);
  return found;
}

/** The same without its announcements, for a collection in slices that has to go on in one go. */
export function run(generation: u32): i32 {
  count(generation);
  const sets = generation > 1 ? ALL : generation ? YOUNG | MIDDLE : YOUNG;
  const mask = upTo(generation);
  if (!gatherEdges(sets, mask, TRACKED))
    return collector.damaged ? damagedBy(collector.damaged) : HOST_FAILED;
  objects.critical = 1;
  subtract(sets, mask, TRACKED);
  const damaged = collector.damaged;
  if (damaged) {
    restore(sets, mask, TRACKED);
    clearColours(sets);
    objects.critical = 0;
    return damagedBy(damaged);
  }
  mark(sets, mask, TRACKED);
  const reached = collector.reached;
  let found = collector.candidates - reached;
  // Without hooks garbage is released before any host code runs.
  let direct = !(collector.debug & (layout.DEBUG_COLLECTABLE | layout.DEBUG_SAVEALL));
  let pages = sets;
  if (found && (!direct || hasHooks(collector.metas))) {
    pages = TRASH;
    direct = !hasHooks(markGarbagePages(sets)) && direct;
  }
  if (found) {
    if (direct) reclaim(pages, mask, TRACKED);
    else restore(TRASH, mask, TRACKED);
  }
  untrackMarked(sets);
  promote(generation);
  objects.critical = 0;
  if (generation == 1) collector.pending = collector.pending + reached;
  else if (generation == 2) {
    collector.pending = 0;
    collector.total = reached;
    closeTables();
  }
  if (found && !direct) found = finalizeGarbage(generation);
  clearPages(TRASH);
  clearPages(RESCAN);
  releaseOrphans();
  if (generation == 2) {
    clearFreeLists(0);
    state.takenBytes = 0;
    retune();
  }
  return found;
}

function damagedBy(object: usize): i32 {
  fault(layout.FAULT_CORRUPT, object);
  return -1;
}

/** A collection of one generation counts for the next one. */
function count(generation: u32): void {
  if (generation == 0) collector.count1 = collector.count1 + 1;
  else {
    collector.count1 = 0;
    collector.count2 = generation == 1 ? collector.count2 + 1 : 0;
  }
  objects.youngCount = 0;
}

function hasHooks(metas: u32): bool {
  return (metas & HOOKS) != 0;
}
