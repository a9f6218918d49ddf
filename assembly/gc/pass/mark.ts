/**
 * The second pass over the references: what is held from outside is reached, and what it holds; the counts of its
 * children get their references back, each object's exactly once.
 *
 * A sweep goes through the pages in address order. A white object with a count is reached. So a child in front of the
 * sweep needs no more than its reference back: the sweep will come to it. A child behind the sweep goes on the mark
 * stack. Parents that lie in front of their children are marked without the stack, and a mixed heap takes half of its
 * objects in address order.
 *
 *   white ──▶ reached, followed by the sweep             in front of the sweep, or held from outside
 *   white ──▶ reached, on the stack ──▶ followed         behind the sweep
 *   white, counted ──▶ reached, followed by a rescan     behind the sweep, and the stack is full
 *
 * The stack has a fixed size and its place in the state block. When it is full, the page of the object is put into the
 * set RESCAN, and white objects with a count on such pages are looked at again.
 *
 * One sweep does one page at most, and one call of drainMarked() one batch of the stack: V8 changes to optimised code
 * when a function is entered.
 */
import { META_TYPE, TYPE_LIST } from "../../layout";
import { collector } from "../../state";
import { headerOf, metaOf, setHeader } from "../../object/core/header";
import { isWhite } from "../heap/colour";
import { RESCAN, endOf, firstOf, nextPage, strideOf, unmarkPage } from "../heap/pages";
import { markEdges } from "./edges";
import { STACK, drainMarked, openStack } from "./stack";
import {
  ANYTHING,
  LISTS,
  MARK,
  NOTE,
  RECORDS,
  hasOnlyFields,
  reached,
  scanOf,
  visit,
  visitExpected,
} from "./visit";

/** Everything lies behind it. */
const BEHIND_ALL: usize = usize.MAX_VALUE;

/** Marks from every white object that has a count. Counts the objects reached in collector.reached. */
export function mark(sets: u32, mask: u64, pattern: u64): void {
  collector.reached = 0;
  openStack();
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) markFrom(page, 0, mask, pattern);
  rescan(mask, pattern);
  let upwards = true;
  while (markEdges(mask, pattern, upwards)) {
    rescan(mask, pattern);
    upwards = !upwards;
  }
}

/** What overflows meanwhile is in the set again. */
function rescan(mask: u64, pattern: u64): void {
  for (let page = nextPage(0, RESCAN); page; page = nextPage(0, RESCAN)) {
    for (; page; page = nextPage(page, RESCAN)) {
      unmarkPage(page, RESCAN);
      markFrom(page, BEHIND_ALL, mask, pattern);
    }
  }
}

/** Marks from a page. The sweep stands at the object that it looks at, or, with `ahead`, behind all. */
function markFrom(page: usize, ahead: usize, mask: u64, pattern: u64): void {
  const end = endOf(page);
  const stride = strideOf(page);
  let object = firstOf(page);
  let expected = LISTS;
  while (object < end) {
    if (expected == LISTS) object = sweepLists(object, end, stride, ahead, mask, pattern);
    else if (expected == RECORDS) object = sweepRecords(object, end, stride, ahead, mask, pattern);
    else object = sweepOthers(object, end, stride, ahead, mask, pattern);
    let last = object - stride;
    const where = last | ahead;
    let top = collector.stackTop;
    // Nothing on the stack: it came to the end, or to something that was not expected.
    if (top == STACK) expected++;
    while (top > STACK) {
      if (top == collector.stackEnd) noteOverflow(last, mask, pattern);
      top = drainMarked(top, where, mask, pattern);
      last = collector.last;
    }
  }
}

function sweepLists(first: usize, end: usize, stride: usize, ahead: usize, mask: u64, pattern: u64): usize {
  return sweep(LISTS, first, end, stride, ahead, mask, pattern);
}

function sweepRecords(first: usize, end: usize, stride: usize, ahead: usize, mask: u64, pattern: u64): usize {
  return sweep(RECORDS, first, end, stride, ahead, mask, pattern);
}

function sweepOthers(first: usize, end: usize, stride: usize, ahead: usize, mask: u64, pattern: u64): usize {
  return sweep(ANYTHING, first, end, stride, ahead, mask, pattern);
}

/**
 * Reaches the white objects of a page that have a count, up to the first one that puts something on the stack, which is
 * done, or was not expected, which is not. The object behind or that one, or the end.
 */
// @ts-ignore: decorator
@inline
function sweep(
  expected: u32,
  first: usize,
  end: usize,
  stride: usize,
  ahead: usize,
  mask: u64,
  pattern: u64,
): usize {
  let found: u32 = 0;
  let known: u32 = 0;
  let scan: u32 = 0;
  let top = STACK;
  let object = first;
  for (; object < end; object += stride) {
    const header = headerOf(object);
    if (<i32>header <= 0) continue;
    const meta = <u32>(header >>> 32);
    if (!isWhite(meta)) continue;
    const type = meta & META_TYPE;
    if (expected == LISTS) {
      if (type != TYPE_LIST) break;
    } else if (type != known) {
      if (expected == RECORDS && known) break;
      scan = scanOf(meta);
      if (expected == RECORDS && !hasOnlyFields(scan)) break;
      known = type;
    }
    setHeader(object, reached(header, pattern));
    found++;
    top = visitExpected(expected, MARK, object, meta, scan, mask, pattern, object | ahead, top);
    if (top != STACK) {
      object += stride;
      break;
    }
  }
  collector.stackTop = top;
  collector.reached = collector.reached + found;
  return object;
}

/** The stack is full: children of the last object may have found no room. */
function noteOverflow(object: usize, mask: u64, pattern: u64): void {
  const meta = metaOf(object);
  visit(NOTE, object, meta, scanOf(meta), mask, pattern, 0, 0);
}
