/**
 * A collection, in CPython's order (gc_collect_main of 3.11):
 *
 *   subtract   every container of the generations becomes white, the references among them leave the counts
 *   mark       what is still counted is held from outside; it and what it reaches gets its counts back
 *   trash      what stayed white. Released at once where nobody has a last word, else as trash.ts says
 *
 * A collection allocates nothing. Up to the trash it runs no host code.
 */
import * as layout from "../layout";
import { collector, objects, state } from "../state";
import { fault } from "../alloc/malloc";
import { drain, requireStack } from "../object/death/death";
import { clearFreeLists } from "../object/core/free-lists";
import { announceCollection } from "../object/core/host";
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

/**
 * Collects the generations up to one. The number of objects found to be trash; 0 if a collection is under way already;
 * −1 and a fault if counts are lower than the references that were found, in which case nothing has changed.
 */
export function collect(generation: u32): i32 {
  if (collector.collecting || !objects.types || objects.critical || state.poison) return 0;
  requireStack();
  collector.collecting = 1;
  announceCollection(layout.COLLECTION_START, generation);
  const found = run(generation);
  collector.collected = found < 0 ? 0 : found;
  announceCollection(layout.COLLECTION_STOP, generation);
  collector.collecting = 0;
  drain();
  return found;
}

function run(generation: u32): i32 {
  count(generation);
  const sets = generation > 1 ? ALL : generation ? YOUNG | MIDDLE : YOUNG;
  const mask = upTo(generation);
  objects.critical = 1;
  subtract(sets, mask, TRACKED);
  const damaged = collector.damaged;
  if (damaged) {
    restore(sets, mask, TRACKED);
    clearColours(sets);
    objects.critical = 0;
    fault(layout.FAULT_CORRUPT, damaged);
    return -1;
  }
  mark(sets, mask, TRACKED);
  const reached = collector.reached;
  let found = collector.candidates - reached;
  // Without anybody who has a last word trash goes before others know of it.
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
