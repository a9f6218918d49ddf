/**
 * Trial deletion: the first pass over the references, in address order. Every object of the set becomes white, and its
 * references leave the counts of its children. What has a count left afterwards is held from outside of the set.
 *
 * No object of the set has a colour before.
 */
import * as layout from "../../layout";
import { collector } from "../../state";
import { headerOf, setHeader, setMeta } from "../../object/core/header";
import { COLOURED, COLOURS } from "../heap/colour";
import { endOf, firstOf, nextPage, strideOf } from "../heap/pages";
import { subtractEdges } from "./edges";
import {
  ANYTHING,
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
 * Counts what it finds in collector.candidates, and collects its meta words in collector.metas. If the references to an
 * object are more than its count says, somebody released a reference it did not own: collector.damaged is such an object.
 */
export function subtract(sets: u32, mask: u64, pattern: u64): void {
  collector.candidates = 0;
  collector.metas = 0;
  collector.damaged = 0;
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) subtractFrom(page, mask, pattern);
  subtractEdges(mask, pattern);
}

function subtractFrom(page: usize, mask: u64, pattern: u64): void {
  const first = firstOf(page);
  const end = endOf(page);
  const stride = strideOf(page);
  collector.tuples = 0;
  let object = subtractLists(first, end, stride, mask, pattern);
  if (object < end) object = subtractRecords(object, end, stride, mask, pattern);
  if (object < end) subtractOthers(object, end, stride, mask, pattern);
  if (collector.tuples) markUntrackable(first, end, stride, mask, pattern);
}

function subtractLists(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(LISTS, first, end, stride, mask, pattern);
}

function subtractRecords(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(RECORDS, first, end, stride, mask, pattern);
}

function subtractOthers(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return run(ANYTHING, first, end, stride, mask, pattern);
}

/** Subtracts up to the first object that was not expected. That object, or the end. */
// @ts-ignore: decorator
@inline
function run(expected: u32, first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  let others: u32 = 0;
  let metas: u32 = 0;
  let seen: u32 = 0;
  let scan: u32 = 0;
  let object = first;
  for (; object < end; object += stride) {
    const header = headerOf(object);
    if ((header & mask) != pattern) {
      others++;
      continue;
    }
    const meta = <u32>(header >>> 32);
    const type = meta & layout.META_TYPE;
    if (expected == LISTS) {
      if (type != layout.TYPE_LIST) break;
    } else if (type != seen) {
      // Objects of a type tend to lie together.
      if (expected == RECORDS && seen) break;
      scan = scanOf(meta);
      if (expected == RECORDS && !hasOnlyFields(scan)) break;
      if (expected == ANYTHING && type == layout.TYPE_TUPLE) collector.tuples = 1;
      seen = type;
    }
    metas |= meta;
    setHeader(object, header | COLOURS);
    visitExpected(expected, SUBTRACT, object, meta, scan, mask, pattern, 0, 0);
  }
  tally(<u32>(object - first) / <u32>stride - others, metas);
  return object;
}

function tally(found: u32, metas: u32): void {
  collector.candidates = collector.candidates + found;
  collector.metas = collector.metas | metas;
}

/** Tuples of what is never tracked leave the collector's sight at the end (CPython: _PyTuple_MaybeUntrack). */
function markUntrackable(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): void {
  // The second look does not ask again.
  if (pattern == COLOURED) return;
  for (let tuple = first; tuple < end; tuple += stride) {
    const header = headerOf(tuple);
    const meta = <u32>(header >>> 32);
    if ((header & mask) != pattern || (meta & layout.META_TYPE) != layout.TYPE_TUPLE) continue;
    if (visit(TRACKABLE, tuple, meta, scanOf(meta), 0, 0, 0, 0)) continue;
    setMeta(tuple, meta | layout.META_UNTRACKABLE);
    collector.untrackable = 1;
  }
}
