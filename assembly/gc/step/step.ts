/**
 * A full collection in slices. Between them the program runs and may change everything.
 *
 *   OPEN      takes memory for shadows, arena by arena
 *   TALLY     every reference from a tracked object is counted in its child's shadow; page by page
 *   MARK      an object with more references than its shadow has is held from outside; it reaches what it leads to
 *   CONFIRM   the rest are guesses: they are looked at once more, in pieces, and what is garbage goes (confirm.ts)
 *
 * A piece that is too large for a list may be one because the program moved what leads to it meanwhile. Before it is
 * looked at as a whole, another round of guessing finds out, in slices:
 *
 *   FORGET    the shadows of all guesses become 0 again
 *   RETALLY   and count the references from guesses alone; then MARK and CONFIRM again
 *
 * No phase is trusted but CONFIRM, so nothing has to be noticed that the program does meanwhile: no write barrier.
 * Bacon and Rajan (ECOOP 2001) do the same with a second count in each object and two tests of what they guess; the
 * count within a piece takes the place of both, since the program does not run beside it.
 *
 * The unit of work is about one reference.
 */
import * as layout from "../../layout";
import { collector, objects, state, zeros } from "../../state";
import {
  drainAfterCollection,
  enterExact,
  leaveExact,
  reclaimZeros,
  requireStack,
} from "../../object/death/death";
import { clearFreeLists } from "../../object/core/free-lists";
import { headerOf, metaOf } from "../../object/core/header";
import { announceCollection } from "../../object/core/host";
import { endOf, firstOf, strideOf } from "../../object/core/page-blocks";
import { HOST_FAILED, collect, run } from "../collect";
import { ALL, nextPage } from "../heap/pages";
import { retune } from "../thresholds";
import { FOLLOW, TALLY, scanOf, visit } from "../pass/visit";
import { confirm, confirmRest, retrySome, siftSome } from "./confirm";
import { PART, nextPart, visitPart, weightOf } from "./part";
import { forget, gatherFrom } from "./piece";
import {
  REACHED,
  SPARED,
  WAITING,
  cellOf,
  closeSomeTables,
  closeTables,
  isGuess,
  isHeld,
  isStillSubject,
  isSubject,
  openTable,
  openTables,
  putOff,
  reach,
  sparedRoom,
  stackBase,
  stackLimit,
} from "./shadow";

const OPENING: u32 = 1;
const TALLYING: u32 = 2;
const MARKING: u32 = 3;
const FORGETTING: u32 = 4;
const RETALLYING: u32 = 5;
const CONFIRMING: u32 = 6;
const RETRYING: u32 = 7;
const SIFTING: u32 = 8;
const ENDING: u32 = 9;
const CLOSING: u32 = 10;

/** Units that an object of a piece takes. */
const PIECE_UNITS: i32 = 4;
/** Flag of an object on the stack that is followed in parts: below it is its next item. */
const PAUSED: usize = 1;

/** Units that a table takes: its 32 KiB become zero. */
const TABLE_UNITS: i32 = 500;
/** Units that giving some back takes. */
const CLOSE_UNITS: i32 = 500;
/** Units that some entries take of the list of what was spared. */
const SIFT_UNITS: i32 = 4000;

/** Further rounds of guessing at most: each costs as much as a third of a run, and nothing keeps a program from moving more. */
const ROUNDS: u32 = 2;

/**
 * One slice of about `units` references. 1 if the collection is complete by it, 0 if there is more to do; −1 with a fault
 * if counts are lower than the references that were found, −2 if the host could not tell what it holds. Without memory
 * for shadows, and where the host holds edges, it is a collection in one go. `resumed`: nothing has run since the last call.
 */
export function step(units: u32, resumed: bool): i32 {
  if (collector.collecting || !objects.types || objects.critical || state.poison || zeros.gathering) return 1;
  requireStack();
  // Edges that the host holds are asked for in one go, and without memory for shadows there is no other way either.
  if (collector.traversed) closeTables();
  if (collector.traversed || (!collector.tables && !begin())) {
    const found = collect(2);
    return found < 0 ? found : 1;
  }
  const outer = zeros.exact;
  // With stacks and roots counted, as in a collection in one go.
  if (zeros.deferring && !enterExact()) return HOST_FAILED;
  collector.collecting = 1;
  let left = <i32>units;
  if (!resumed || zeros.deferring) collector.stepProven = collector.stepTop;
  while (left > 0 && collector.stepPhase && !collector.traversed) left -= advance(left);
  if (zeros.deferring) leaveExact(outer);
  const ended = !collector.stepPhase;
  const damaged = ended && <i32>collector.stepFound < 0;
  if (ended) announceCollection(layout.COLLECTION_STOP, 2);
  collector.collecting = 0;
  if (zeros.deferring) reclaimZeros();
  else if (objects.deferred) {
    collector.stepProven = collector.stepTop;
    drainAfterCollection();
  }
  return damaged ? -1 : i32(ended);
}

function begin(): bool {
  if (!openTables()) return false;
  collector.stepPhase = OPENING;
  collector.stepPage = 0;
  collector.stepWaiting = 0;
  collector.stepReached = 0;
  collector.stepRound = 0;
  collector.stepTakes = 0;
  collector.stepWhole = 0;
  collector.stepFound = 0;
  collector.stepObject = 0;
  collector.stepItem = 0;
  collector.count1 = 0;
  collector.count2 = 0;
  collector.collecting = 1;
  announceCollection(layout.COLLECTION_START, 2);
  collector.collecting = 0;
  return true;
}

/** Does one piece of work. The units it took. */
function advance(left: i32): i32 {
  if (collector.stepPhase == OPENING) {
    const number = openTable(<u32>collector.stepPage);
    if (!number) {
      collector.stepPage = 0;
      collector.stepPhase = TALLYING;
    } else collector.stepPage = number;
    return TABLE_UNITS;
  }
  if (collector.stepPhase >= RETRYING) return collector.stepPhase == CLOSING ? closeSome() : lookAgain();
  if (collector.stepTop > stackBase()) return followSome(left);
  const page = nextPage(collector.stepPage, ALL);
  if (!page) {
    collector.stepPage = 0;
    return endPhase();
  }
  collector.stepPage = page;
  if (!cellOf(page)) return 1;
  const phase = collector.stepPhase;
  if (phase == MARKING) return markFrom(page, left);
  if (phase == FORGETTING) return forgetFrom(page);
  if (phase == CONFIRMING) return confirmFrom(page);
  return tallyFrom(page, left, phase == RETALLYING);
}

/** A phase has seen all pages. */
function endPhase(): i32 {
  const phase = collector.stepPhase;
  collector.stepObject = 0;
  collector.stepItem = 0;
  if (phase == TALLYING || phase == RETALLYING) collector.stepPhase = MARKING;
  else if (phase == FORGETTING) {
    collector.stepHubs = 0;
    collector.stepPhase = RETALLYING;
  } else if (phase == MARKING) {
    // What found no room on the stack is found by another sweep.
    if (collector.stepWaiting) collector.stepWaiting = 0;
    else collector.stepPhase = CONFIRMING;
  } else {
    collector.stepTakes = SPARED;
    enterLook(RETRYING);
  }
  return 1;
}

/** One piece of the second look, some of what the third will take, or all of that. */
function lookAgain(): i32 {
  if (collector.spared > sparedRoom()) {
    // More than could be written down: one collection of everything, as part of this run.
    const before = collector.stepFound;
    const found = run(2);
    addFound(found);
    if (found > 0) collector.candidates = collector.candidates + before;
    collector.collected = collector.stepFound;
    return 1;
  }
  if (collector.stepPhase == ENDING) {
    addFound(confirmRest());
    if (!collector.tables) return 1;
    collector.stepPage = 0;
    collector.stepPhase = CLOSING;
    return 1;
  }
  if (collector.stepPhase == SIFTING) {
    if (siftSome()) enterLook(ENDING);
    return SIFT_UNITS;
  }
  addFound(retrySome());
  if (collector.tables && collector.stepEntry == collector.spared) {
    collector.stepReached = collector.stepReached + collector.spared;
    collector.stepTakes = WAITING;
    enterLook(SIFTING);
  }
  return 1 + <i32>collector.stepLooked * PIECE_UNITS;
}

/** The next look at what was spared begins with the first entry. */
function enterLook(phase: u32): void {
  collector.stepEntry = 0;
  collector.stepItem = 0;
  collector.stepPhase = phase;
}

/** Gives tables back; behind the last one the run is over. */
function closeSome(): i32 {
  const next = closeSomeTables(<u32>collector.stepPage);
  collector.stepPage = next;
  if (next) return CLOSE_UNITS;
  collector.total = collector.stepReached;
  collector.pending = 0;
  collector.candidates = collector.total + collector.stepFound;
  collector.collected = collector.stepFound;
  closeTables();
  clearFreeLists(0);
  state.takenBytes = 0;
  retune();
  return 1;
}

function addFound(found: i32): void {
  collector.stepFound = found < 0 ? u32.MAX_VALUE : collector.stepFound + found;
  if (found < 0) closeTables();
}

// ---- pages ----

/** Counts the references from the objects of a page, or from the guesses among them, as far as `left` units go. */
function tallyFrom(page: usize, left: i32, guessesOnly: bool): i32 {
  const end = endOf(page);
  const stride = strideOf(page);
  let known: u32 = 0;
  let scan: u32 = 0;
  let units: i32 = 1;
  for (let object = resumeIn(page, stride); object < end; object += stride) {
    const header = headerOf(object);
    if (!isSubject(header) || (guessesOnly && isReached(object))) continue;
    if (units > left) return pauseAt(object, page, units);
    const meta = <u32>(header >>> 32);
    // Objects of a type tend to lie together.
    if ((meta & layout.META_TYPE) != known) {
      known = meta & layout.META_TYPE;
      scan = scanOf(meta);
    }
    const weight = weightOf(object, meta, scan);
    if (weight > PART) {
      if (tallyPart(object, meta)) return pauseAt(object, page, units + PART);
      units += PART;
      continue;
    }
    visit(TALLY, object, meta, scan, 0, 0, 0, 0);
    units += weight;
  }
  return units;
}

/** The first object of a page, or where the last slice paused in it. What is there by now may be of another size. */
function resumeIn(page: usize, stride: usize): usize {
  const first = firstOf(page);
  const paused = collector.stepObject;
  if (!paused) return first;
  collector.stepObject = 0;
  const isObject =
    paused >= first && paused < endOf(page) && !((paused - first) % stride) && isSubject(headerOf(paused));
  const meta = isObject ? metaOf(paused) : 0;
  if (!isObject || weightOf(paused, meta, scanOf(meta)) <= PART) collector.stepItem = 0;
  return isObject ? paused : first;
}

/** Counts the references from the next part of a long object; whether there is another one. */
function tallyPart(object: usize, meta: u32): bool {
  const from = collector.stepItem;
  visitPart(TALLY, object, meta, from, 0);
  collector.stepItem = nextPart(object, meta, from);
  return collector.stepItem != 0;
}

/** The page is looked at again, from this object on. */
function pauseAt(object: usize, page: usize, units: i32): i32 {
  collector.stepObject = object;
  collector.stepPage = page - layout.PAGE_BYTES;
  return units;
}

/** Reaches what is held from outside, until there is something to follow; the page is looked at again then. */
function markFrom(page: usize, left: i32): i32 {
  const end = endOf(page);
  const stride = strideOf(page);
  let units: i32 = 1;
  for (let object = firstOf(page); object < end; object += stride) {
    const header = headerOf(object);
    if (!isSubject(header)) continue;
    units++;
    const cell = cellOf(object);
    const shadow = <u32>load<u16>(cell);
    if (shadow & REACHED) {
      if (!(shadow & WAITING)) continue;
      store<u16>(cell, <u16>(shadow & ~WAITING));
      store<u32>(collector.stepTop, <u32>object);
      collector.stepTop = collector.stepTop + 4;
    } else {
      if (!isHeld(object, header, shadow)) continue;
      collector.stepTop = reach(object, cell, collector.stepTop);
    }
    if (collector.stepTop == stackBase()) continue;
    units += followSome(left - units);
    if (collector.stepTop == stackBase()) continue;
    collector.stepPage = page - layout.PAGE_BYTES;
    break;
  }
  return units;
}

function forgetFrom(page: usize): i32 {
  const end = endOf(page);
  const stride = strideOf(page);
  let units: i32 = 1;
  for (let object = firstOf(page); object < end; object += stride) {
    if (!isSubject(headerOf(object))) continue;
    units++;
    if (!isReached(object)) store<u16>(cellOf(object), 0);
  }
  return units;
}

/** Looks at the guesses of a page once more, and at what they lead to, as one piece. */
function confirmFrom(page: usize): i32 {
  const end = endOf(page);
  const stride = strideOf(page);
  let units: i32 = 1;
  let last = stackBase();
  for (let object = firstOf(page); object < end; object += stride) {
    const header = headerOf(object);
    if (!isSubject(header)) continue;
    units++;
    if (isGuess(object, header, load<u16>(cellOf(object)))) last = gatherFrom(object, last);
  }
  if (last == stackBase()) return units;
  if (collector.stepWaiting) {
    if (collector.stepRound < ROUNDS) {
      forget(last);
      collector.stepRound = collector.stepRound + 1;
      collector.stepPage = 0;
      collector.stepPhase = FORGETTING;
      return units;
    }
    // Some guesses of the page may have found no room.
    collector.stepPage = page - layout.PAGE_BYTES;
  }
  const objects = <i32>((last - stackBase()) >>> 2);
  addFound(confirm(last));
  return units + objects * PIECE_UNITS;
}

// ---- objects ----

function isReached(object: usize): bool {
  return (load<u16>(cellOf(object)) & REACHED) != 0;
}

/**
 * Follows objects from the stack until it is empty, or `left` units are used up. The units it took. What lies on the stack
 * from earlier slices may have died: it is proved first that there is an object still.
 */
function followSome(left: i32): i32 {
  const base = stackBase();
  let top = collector.stepTop;
  let known: u32 = 0;
  let scan: u32 = 0;
  let units: i32 = 0;
  while (top > base && units <= left) {
    top -= 4;
    let object = load<usize>(top);
    let from: u32 = 0;
    if (object & PAUSED) {
      object ^= PAUSED;
      top -= 4;
      from = load<u32>(top);
    }
    if (top < collector.stepProven) {
      collector.stepProven = top;
      units++;
      if (!isStillSubject(object)) continue;
    }
    const meta = metaOf(object);
    if ((meta & layout.META_TYPE) != known) {
      known = meta & layout.META_TYPE;
      scan = scanOf(meta);
    }
    const weight = weightOf(object, meta, scan);
    if (from | u32(weight > PART)) {
      top = followPart(object, meta, from, top);
      units += PART;
    } else {
      top = visit(FOLLOW, object, meta, scan, 0, 0, 0, top);
      units += weight;
    }
  }
  collector.stepTop = top;
  return units;
}

/** Follows a part of a long object, whose next one waits on the stack below all that this one leads to. */
function followPart(object: usize, meta: u32, from: u32, top: usize): usize {
  const next = nextPart(object, meta, from);
  if (next) {
    if (top + 8 > stackLimit()) {
      putOff(object);
      return top;
    }
    store<u32>(top, next);
    store<u32>(top, (<u32>object) | PAUSED, 4);
    top += 8;
  }
  return visitPart(FOLLOW, object, meta, from, top);
}
