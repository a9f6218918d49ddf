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
 * One function call does one page or one batch of the stack: V8 changes to optimised code when a function is entered.
 */
import {
  MARK_STACK_ENTRIES,
  META_TYPE,
  STATE_GC_REACHED,
  STATE_GC_STACK_END,
  STATE_GC_STACK_LIMIT,
  STATE_MARK_STACK,
} from "../layout";
import { STATE, setWord, word } from "../state";
import { metaOf } from "../object/header";
import { isWhite } from "./colour";
import { RESCAN, endOf, firstOf, nextPage, strideOf, unmarkPage } from "./pages";
import { MARK, reached, scanOf, visit } from "./visit";

const STACK: usize = STATE + STATE_MARK_STACK;
/** Objects that one call takes from the mark stack. */
const BATCH: u32 = 512;
/** Everything lies behind it. */
const BEHIND_ALL: usize = usize.MAX_VALUE;

/** Marks from every white object that has a count. Counts the objects reached in STATE_GC_REACHED. */
export function mark(sets: u32, mask: u64, pattern: u64): void {
  const entries = word(STATE_GC_STACK_LIMIT);
  setWord(STATE_GC_STACK_END, <u32>STACK + ((entries ? entries : MARK_STACK_ENTRIES) << 2));
  setWord(STATE_GC_REACHED, 0);
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    sweep(firstOf(page), endOf(page), strideOf(page), 0, mask, pattern);
  }
  // What overflows during a rescan is in the set again.
  for (let page = nextPage(0, RESCAN); page; page = nextPage(0, RESCAN)) {
    for (; page; page = nextPage(page, RESCAN)) {
      unmarkPage(page, RESCAN);
      sweep(firstOf(page), endOf(page), strideOf(page), BEHIND_ALL, mask, pattern);
    }
  }
}

/** Reaches the white objects of a page that have a count. The sweep stands at the object, or at `ahead` if that is not 0. */
function sweep(first: usize, end: usize, stride: usize, ahead: usize, mask: u64, pattern: u64): void {
  let found: u32 = 0;
  let known: u32 = 0;
  let scan: u32 = 0;
  for (let object = first; object < end; object += stride) {
    const header = load<u64>(object);
    if (<i32>header <= 0) continue;
    const meta = <u32>(header >>> 32);
    if (!isWhite(meta)) continue;
    store<u64>(object, reached(header, pattern));
    found++;
    if ((meta & META_TYPE) != known) {
      known = meta & META_TYPE;
      scan = scanOf(meta);
    }
    const where = object | ahead;
    let top = visit(MARK, object, meta, scan, mask, pattern, where, STACK);
    while (top > STACK) top = drain(top, where, mask, pattern);
  }
  setWord(STATE_GC_REACHED, word(STATE_GC_REACHED) + found);
}

/** Follows the references of objects from the stack. The new top. */
function drain(top: usize, where: usize, mask: u64, pattern: u64): usize {
  let room = BATCH;
  do {
    top -= 4;
    const object = <usize>load<u32>(top);
    const meta = metaOf(object);
    top = visit(MARK, object, meta, scanOf(meta), mask, pattern, where, top);
    room--;
  } while (room && top > STACK);
  setWord(STATE_GC_REACHED, word(STATE_GC_REACHED) + (BATCH - room));
  return top;
}
