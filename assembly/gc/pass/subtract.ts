/**
 * The first pass over the references, in address order: every object of the set becomes white, and its references leave
 * the counts of its children. What has a count left afterwards is held from outside of the set.
 *
 * What is known to be reached, because a presumed root does, is followed instead; see roots.ts.
 *
 *   none  ──▶ white                                   nothing is known of it
 *   none  ──▶ grey ──▶ none, followed by the pass     reached, in front of the pass
 *   white ──▶ none, on the stack ──▶ followed         reached, behind the pass: gives its children's counts back
 *   white, counted                                    the same, and the stack is full: for the second pass
 *
 * No object of the set has a colour before, but for presumed roots.
 */
import {
  META_UNTRACKABLE,
  META_TYPE,
  META_WHITE,
  STATE_GC_CANDIDATES,
  STATE_GC_DAMAGED,
  STATE_GC_FULL,
  STATE_GC_UNTRACKABLE,
  STATE_GC_METAS,
  STATE_GC_REACHED,
  STATE_GC_STACK_END,
  STATE_GC_STACK_TOP,
  STATE_GC_TUPLES,
  TYPE_LIST,
  TYPE_TUPLE,
} from "../../layout";
import { setWord, word } from "../../state";
import { metaOf, setMeta } from "../../object/core/header";
import { COLOUR, COLOURED, COLOURS, WHITE, isKnown } from "../heap/colour";
import { endOf, firstOf, nextPage, strideOf } from "../heap/pages";
import { STACK, drainKnown, openStack } from "./stack";
import {
  ANYTHING,
  FOLLOW,
  LISTS,
  RECORDS,
  SUBTRACT,
  TRACKABLE,
  hasOnlyFields,
  scanOf,
  visit,
  visitExpected,
} from "./visit";

/**
 * Counts what it finds in STATE_GC_CANDIDATES, and collects its meta words in STATE_GC_METAS. If the references to an
 * object are more than its count says, somebody released what was not his: STATE_GC_DAMAGED is such an object then.
 */
export function subtract(sets: u32, mask: u64, pattern: u64): void {
  setWord(STATE_GC_CANDIDATES, 0);
  setWord(STATE_GC_REACHED, 0);
  setWord(STATE_GC_FULL, 0);
  setWord(STATE_GC_METAS, 0);
  setWord(STATE_GC_DAMAGED, 0);
  openStack();
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) subtractFrom(page, mask, pattern);
}

function subtractFrom(page: usize, mask: u64, pattern: u64): void {
  const first = firstOf(page);
  const end = endOf(page);
  const stride = strideOf(page);
  let object = first;
  let expected = LISTS;
  let known = false;
  setWord(STATE_GC_TUPLES, 0);
  while (object < end) {
    if (known) object = follow(expected, object, end, stride, mask, pattern);
    else if (expected == LISTS) object = subtractLists(object, end, stride, mask, pattern);
    else if (expected == RECORDS) object = subtractRecords(object, end, stride, mask, pattern);
    else object = subtractOthers(object, end, stride, mask, pattern);
    if (object >= end) break;
    if (isKnown(metaOf(object)) != known) known = !known;
    else expected++;
  }
  if (word(STATE_GC_TUPLES)) markUntrackable(first, end, stride, mask, pattern);
}

/** Follows known objects of a page, and what they reach behind themselves, up to one that is not known or not expected. */
function follow(expected: u32, first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  let object = first;
  let top: usize;
  do {
    if (expected == LISTS) object = followLists(object, end, stride, mask, pattern);
    else if (expected == RECORDS) object = followRecords(object, end, stride, mask, pattern);
    else object = followOthers(object, end, stride, mask, pattern);
    top = word(STATE_GC_STACK_TOP);
    if (top == STACK) break;
    while (top > STACK) {
      if (top == <usize>word(STATE_GC_STACK_END)) setWord(STATE_GC_FULL, 1);
      top = word(STATE_GC_DAMAGED) ? whiten(top) : drainKnown(top, object - stride, mask, pattern);
    }
  } while (object < end);
  return object;
}

/** Takes an object from the stack, unfollowed. Counts that are too low are not for the second pass to put right. */
function whiten(top: usize): usize {
  const object = <usize>load<u32>(top - 4);
  setMeta(object, metaOf(object) | COLOUR);
  return top - 4;
}

function subtractLists(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(SUBTRACT, LISTS, first, end, stride, mask, pattern);
}

function subtractRecords(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(SUBTRACT, RECORDS, first, end, stride, mask, pattern);
}

function subtractOthers(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(SUBTRACT, ANYTHING, first, end, stride, mask, pattern);
}

function followLists(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(FOLLOW, LISTS, first, end, stride, mask, pattern);
}

function followRecords(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(FOLLOW, RECORDS, first, end, stride, mask, pattern);
}

function followOthers(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(FOLLOW, ANYTHING, first, end, stride, mask, pattern);
}

/**
 * Subtracts or follows up to the first object that is for the other one, or was not expected; follows no further than
 * the first object that puts something on the stack. The object that comes next, or the end.
 */
// @ts-ignore: decorator
@inline
function run(
  act: u32,
  expected: u32,
  first: usize,
  end: usize,
  stride: usize,
  mask: u64,
  pattern: u64,
): usize {
  let others: u32 = 0;
  let metas: u32 = 0;
  let seen: u32 = 0;
  let scan: u32 = 0;
  let top = STACK;
  let object = first;
  for (; object < end; object += stride) {
    const header = load<u64>(object);
    if ((header & mask) != pattern) {
      others++;
      continue;
    }
    const meta = <u32>(header >>> 32);
    if (isKnown(meta) != (act == FOLLOW)) break;
    const type = meta & META_TYPE;
    if (expected == LISTS) {
      if (type != TYPE_LIST) break;
    } else if (type != seen) {
      // Objects of a type tend to lie together.
      if (expected == RECORDS && seen) break;
      scan = scanOf(meta);
      if (expected == RECORDS && !hasOnlyFields(scan)) break;
      if (expected == ANYTHING && type == TYPE_TUPLE) setWord(STATE_GC_TUPLES, 1);
      seen = type;
    }
    metas |= meta;
    if (act == SUBTRACT) {
      store<u64>(object, header | COLOURS);
      visitExpected(expected, SUBTRACT, object, meta, scan, mask, pattern, 0, 0);
    } else {
      if (meta & META_WHITE) store<u64>(object, header ^ WHITE);
      top = visitExpected(expected, FOLLOW, object, meta, scan, mask, pattern, object, top);
      if (top != STACK) {
        object += stride;
        break;
      }
    }
  }
  const found = <u32>(object - first) / <u32>stride - others;
  tally(found, metas);
  if (act == FOLLOW) {
    setWord(STATE_GC_REACHED, word(STATE_GC_REACHED) + found);
    setWord(STATE_GC_STACK_TOP, <u32>top);
  }
  return object;
}

function tally(found: u32, metas: u32): void {
  setWord(STATE_GC_CANDIDATES, word(STATE_GC_CANDIDATES) + found);
  setWord(STATE_GC_METAS, word(STATE_GC_METAS) | metas);
}

/** Tuples of what is never tracked leave the collector's sight at the end (CPython: _PyTuple_MaybeUntrack). */
function markUntrackable(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): void {
  // The second look does not ask again.
  if (pattern == COLOURED) return;
  for (let tuple = first; tuple < end; tuple += stride) {
    const header = load<u64>(tuple);
    const meta = <u32>(header >>> 32);
    if ((header & mask) != pattern || (meta & META_TYPE) != TYPE_TUPLE) continue;
    if (visit(TRACKABLE, tuple, meta, scanOf(meta), 0, 0, 0, 0)) continue;
    setMeta(tuple, meta | META_UNTRACKABLE);
    setWord(STATE_GC_UNTRACKABLE, 1);
  }
}
