/**
 * Marking. White is not marked, grey is marked and on the mark stack, black is marked and off it; no object is ever black
 * while it refers to a white one, because `__link` marks what is stored (Dijkstra's barrier) and what is new is black.
 * Stores into globals and locals have no barrier: the roots are visited again before marking ends.
 */
import * as layout from "../layout";
import { DOMAIN_OBJECT, DOMAIN_RAW, PAGE_BYTES, PageRecord } from "../layout";
import { classBytes } from "../alloc/classes";
import { pageRecord } from "../alloc/pages";
import { giveSpan, takeSpan } from "../alloc/spans";
import { isMarked, markBit, markWord } from "./marks";
import { HEADER_BYTES, hasMembers, isObject } from "./object";
import { visitPins } from "./pins";
import { PHASE_MARK, runtime } from "./state";

/** Marks an object that something refers to; called by the visitors that the compiler generates. */
// @ts-ignore: decorator
@global
@unsafe
export function __visit(object: usize, _cookie: u32): void {
  const block = object - HEADER_BYTES;
  // Null wraps: it is above the limit, as is what is newer than the cycle.
  if (block >= runtime.limit) return;
  const word = markWord(runtime.marks, block);
  const bits = load<u32>(word);
  const bit = markBit(block);
  if (bits & bit) return;
  store<u32>(word, bits | bit);
  if (hasMembers(block)) push(object);
}

/** The barrier: the compiler calls it for every reference that is stored into an object. */
// @ts-ignore: decorator
@global
@unsafe
export function __link(_parent: usize, child: usize, _expectMultiple: bool): void {
  if (runtime.phase == PHASE_MARK) __visit(child, 0);
}

/** Globals, the shadow stack, and what the host has pinned. */
export function visitRoots(): void {
  __visit_globals(0);
  for (let slot = __stack_pointer; slot < __heap_base; slot += sizeof<usize>()) __visit(load<usize>(slot), 0);
  visitPins();
  __visit(runtime.held, 0);
}

/**
 * Visits members of marked objects until none is left or the budget, in objects marked, is used up. What is left of the
 * budget: not above 0 if the work is not done.
 */
export function drain(budget: i32): i32 {
  do {
    while (runtime.top != runtime.stack) {
      const top = runtime.top - sizeof<u32>();
      runtime.top = top;
      __visit_members(load<u32>(top), 0);
      budget -= 1 + ((<i32>(runtime.top - top)) >> 2);
      if (budget <= 0) return budget;
    }
  } while (revisitMarked());
  return budget;
}

// ---- the mark stack ----

function push(object: usize): void {
  let top = runtime.top;
  if (top == runtime.end) {
    if (!growStack()) {
      runtime.overflowed = 1;
      return;
    }
    top = runtime.top;
  }
  store<u32>(top, <u32>object);
  runtime.top = top + sizeof<u32>();
}

/** Doubles the stack, from one page. False if memory is out. */
function growStack(): bool {
  const bytes = runtime.end - runtime.stack;
  const pages = max<u32>(<u32>(bytes >>> (layout.PAGE_SHIFT - 1)), 1);
  const span = takeSpan(pages, 1, DOMAIN_RAW);
  if (!span) return false;
  if (bytes) {
    memory.copy(span, runtime.stack, bytes);
    giveSpan(runtime.stack);
  }
  runtime.stack = span;
  runtime.top = span + bytes;
  runtime.end = span + ((<usize>pages) << layout.PAGE_SHIFT);
  return true;
}

// ---- where the stack could not grow ----

/** Visits the members of all marked objects if one of them had no place on the stack. False if there was no need. */
function revisitMarked(): bool {
  if (!runtime.overflowed) return false;
  runtime.overflowed = 0;
  // Static objects are multiples of 16, with a header of 16 bytes and more before them.
  for (let block = HEADER_BYTES; block < __heap_base; block += 16) {
    if (isMarked(runtime.marks, block)) __visit_members(block + HEADER_BYTES, 0);
  }
  for (let page = __heap_base & ~(<usize>PAGE_BYTES - 1); page < runtime.limit; page += PAGE_BYTES) {
    const record = pageRecord(page);
    if (record.domain == DOMAIN_OBJECT) revisitPage(record, page);
  }
  return true;
}

function revisitPage(record: PageRecord, page: usize): void {
  let block = page;
  let bytes: usize = PAGE_BYTES;
  let count: u32 = 1;
  if (record.isPool) {
    block += record.shape.first;
    bytes = classBytes(record.sizeClass);
    count = record.shape.carved;
  }
  for (; count; count--) {
    if (isMarked(runtime.marks, block) && isObject(block)) __visit_members(block + HEADER_BYTES, 0);
    block += bytes;
  }
}
