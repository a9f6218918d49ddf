/**
 * A collection, in CPython's order (gc_collect_main of 3.11):
 *
 *   subtract   every container of the generations becomes white, the references among them leave the counts
 *   mark       what is still counted is held from outside; it and what it reaches gets its counts back
 *   trash      what stayed white. Released at once where nobody has a last word, else as trash.ts says
 *
 * A collection allocates nothing. Up to the trash it runs no host code.
 */
import {
  COLLECTION_START,
  COLLECTION_STOP,
  DEBUG_COLLECTABLE,
  DEBUG_SAVEALL,
  FAULT_CORRUPT,
  FAULT_MEMORY,
  FAULT_NONE,
  META_FINALIZER,
  META_HOST,
  META_WEAK,
  STATE_BUFFER_BYTES,
  STATE_COLLECTING,
  STATE_CRITICAL,
  STATE_FAULT,
  STATE_GC_CANDIDATES,
  STATE_GC_COLLECTED,
  STATE_GC_COUNT1,
  STATE_GC_COUNT2,
  STATE_GC_DAMAGED,
  STATE_GC_PENDING,
  STATE_GC_DEBUG,
  STATE_GC_METAS,
  STATE_GC_REACHED,
  STATE_GC_TOTAL,
  STATE_POISON,
  STATE_TYPES,
  STATE_YOUNG_COUNT,
} from "../layout";
import { setWord, word } from "../state";
import { fault } from "../alloc/malloc";
import { drain, requireStack } from "../object/death/death";
import { clearFreeLists } from "../object/core/free-lists";
import { announceCollection } from "../object/core/host";
import { TRACKED, upTo } from "./heap/colour";
import { retune } from "./generations";
import { mark } from "./pass/mark";
import { ALL, MIDDLE, RESCAN, TRASH, YOUNG, clearPages } from "./heap/pages";
import { reclaim, releaseOrphans } from "./pass/reclaim";
import { restore, unpaint } from "./pass/undo";
import { subtract } from "./pass/subtract";
import { noteTrash, promote, untrackMarked } from "./garbage/survivors";
import { bury } from "./garbage/finalize-garbage";

/** Bits that say that somebody has a last word. */
const LAST_WORDS: u32 = META_WEAK | META_HOST | META_FINALIZER;

/**
 * Collects the generations up to one. The number of objects found to be trash; 0 if a collection is under way already;
 * −1 and a fault if counts are lower than the references that were found, in which case nothing has changed.
 */
export function collect(generation: u32): i32 {
  if (word(STATE_COLLECTING) || !word(STATE_TYPES) || word(STATE_CRITICAL) || word(STATE_POISON)) return 0;
  requireStack();
  setWord(STATE_COLLECTING, 1);
  announceCollection(COLLECTION_START, generation);
  const found = run(generation);
  setWord(STATE_GC_COLLECTED, found < 0 ? 0 : found);
  announceCollection(COLLECTION_STOP, generation);
  setWord(STATE_COLLECTING, 0);
  drain();
  return found;
}

/** An allocation failed for want of memory: collects everything. True if the allocation should be tried once more. */
export function rescue(): bool {
  return word(STATE_FAULT) == FAULT_MEMORY && relieve();
}

/** The same for requests that leave no fault. */
export function relieve(): bool {
  if (word(STATE_COLLECTING) || !word(STATE_TYPES)) return false;
  collect(2);
  setWord(STATE_FAULT, FAULT_NONE);
  return true;
}

function run(generation: u32): i32 {
  count(generation);
  const sets = generation > 1 ? ALL : generation ? YOUNG | MIDDLE : YOUNG;
  const mask = upTo(generation);
  setWord(STATE_CRITICAL, 1);
  subtract(sets, mask, TRACKED);
  const damaged = <usize>word(STATE_GC_DAMAGED);
  if (damaged) {
    restore(sets, mask, TRACKED);
    unpaint(sets);
    setWord(STATE_CRITICAL, 0);
    fault(FAULT_CORRUPT, damaged);
    return -1;
  }
  mark(sets, mask, TRACKED);
  const reached = word(STATE_GC_REACHED);
  let found = word(STATE_GC_CANDIDATES) - reached;
  // Without anybody who has a last word trash goes before others know of it.
  let direct = !(word(STATE_GC_DEBUG) & (DEBUG_COLLECTABLE | DEBUG_SAVEALL));
  let pages = sets;
  if (found && (!direct || hasLastWords(word(STATE_GC_METAS)))) {
    pages = TRASH;
    direct = !hasLastWords(noteTrash(sets)) && direct;
  }
  if (found) {
    if (direct) reclaim(pages, mask, TRACKED);
    else restore(TRASH, mask, TRACKED);
  }
  untrackMarked(sets);
  promote(generation);
  setWord(STATE_CRITICAL, 0);
  if (generation == 1) setWord(STATE_GC_PENDING, word(STATE_GC_PENDING) + reached);
  else if (generation == 2) {
    setWord(STATE_GC_PENDING, 0);
    setWord(STATE_GC_TOTAL, reached);
  }
  if (found && !direct) found = bury(generation);
  clearPages(TRASH);
  clearPages(RESCAN);
  releaseOrphans();
  if (generation == 2) {
    clearFreeLists(0);
    setWord(STATE_BUFFER_BYTES, 0);
    retune();
  }
  return found;
}

/** A collection of one generation counts for the next one. */
function count(generation: u32): void {
  if (generation == 0) setWord(STATE_GC_COUNT1, word(STATE_GC_COUNT1) + 1);
  else {
    setWord(STATE_GC_COUNT1, 0);
    setWord(STATE_GC_COUNT2, generation == 1 ? word(STATE_GC_COUNT2) + 1 : 0);
  }
  setWord(STATE_YOUNG_COUNT, 0);
}

function hasLastWords(metas: u32): bool {
  return (metas & LAST_WORDS) != 0;
}
