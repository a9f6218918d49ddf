/**
 * The sweep: objects that are not marked go back to their pools and spans, a page at a time. A page of which nothing
 * died is known by counting its marks, and nothing but its record is looked at; one of which everything died becomes a
 * pool that was never carved.
 */
import * as layout from "../layout";
import { DOMAIN_OBJECT, PAGE_BYTES, PAGE_SHIFT, POOL_ACTIVE, POOL_FULL, PageRecord } from "../layout";
import { state } from "../state";
import { classBytes } from "../alloc/classes";
import { pageRecord } from "../alloc/pages";
import { setSwept } from "../alloc/pools";
import { giveSpan } from "../alloc/spans";
import { isMarked, markedBlocks } from "./marks";
import { HEADER_BYTES, isObject, linkFree } from "./object";
import { runtime } from "./state";

/** What a page costs of a budget, besides its blocks. */
const PAGE_COST: i32 = 8;

export function beginSweep(): void {
  runtime.cursor = (<usize>state.first) << layout.ARENA_SHIFT;
  runtime.live = 0;
}

/** Sweeps until the budget, in blocks, is used up. What is left of it: above 0 if there is nothing more to sweep. */
export function sweep(budget: i32): i32 {
  while (runtime.cursor < runtime.limit) {
    if (budget <= 0) return budget;
    const page = runtime.cursor;
    runtime.cursor = page + PAGE_BYTES;
    budget -= PAGE_COST;
    const record = pageRecord(page);
    if (record.domain != DOMAIN_OBJECT) continue;
    if (record.isPool) budget -= sweepPool(record, page);
    else sweepSpan(record, page);
  }
  return max(budget, 1);
}

function sweepSpan(record: PageRecord, span: usize): void {
  if (isMarked(runtime.marks, span)) {
    runtime.live += (<usize>record.spanPages) << PAGE_SHIFT;
    return;
  }
  if (isDefined(__finalize)) __finalize(span + HEADER_BYTES);
  giveSpan(span);
}

/** Frees the dead of a pool; returns how many blocks were looked at. */
function sweepPool(record: PageRecord, page: usize): u32 {
  const shape = record.shape;
  const bytes = <usize>classBytes(record.sizeClass);
  const marked = markedBlocks(page);
  runtime.live += <usize>marked * bytes;
  if (marked == (record.poolState == POOL_FULL ? <u32>shape.capacity : <u32>record.live)) return 0;
  const first = page + shape.first;
  if (isDefined(__finalize)) finalizeDead(first, first + shape.carved * bytes, bytes);
  else if (!marked && record.poolState != POOL_ACTIVE) {
    shape.carved = 0;
    setSwept(record, 0, 0);
    return 1;
  }
  const marks = runtime.marks;
  const carved = <u32>shape.carved;
  let live: u32 = 0;
  let free: usize = 0;
  for (let block = first + <usize>carved * bytes; block != first;) {
    block -= bytes;
    if (isMarked(marks, block)) {
      live++;
    } else {
      linkFree(block, free);
      free = block;
    }
  }
  setSwept(record, free, live);
  return carved;
}

/**
 * Calls the program's `__finalize` for the dead objects of a pool, all before one of their blocks is free: what a
 * finalizer allocates, it may get from this pool, and then it is marked.
 */
function finalizeDead(block: usize, end: usize, bytes: usize): void {
  for (; block != end; block += bytes) {
    if (isObject(block) && !isMarked(runtime.marks, block)) __finalize(block + HEADER_BYTES);
  }
}
