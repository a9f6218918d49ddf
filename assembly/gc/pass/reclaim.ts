/**
 * Trash goes at once and not by counting down: every object of it releases what is not trash, then its memory. Nothing
 * is allocated and no host code runs meanwhile, so a child that is gone already is known by its meta word of 0. What
 * has to be deallocated in full waits in a list until all trash is gone.
 */
import * as layout from "../../layout";
import { collector, objects } from "../../state";
import { fewerYoung } from "../../object/core/alloc";
import { giveBlocks } from "../../object/core/blocks";
import { decref, letGo } from "../../object/death/death";
import { ORPHANS, popDeferred } from "../../object/death/deferred";
import { metaOf, setHeader, typeByMeta } from "../../object/core/header";
import { bufferAt } from "../../object/death/slots";
import { isWhite } from "../heap/colour";
import { endOf, firstOf, nextPage, strideOf } from "../heap/pages";
import { releaseEdges } from "./edges";
import { ANYTHING, LISTS, RECORDS, RELEASE, hasOnlyFields, visitExpected } from "./visit";

/**
 * Releases every white object on the pages. References to objects of the set are left alone: they are to trash, or were
 * taken out of the count already. The number of objects.
 */
export function reclaim(sets: u32, mask: u64, pattern: u64): u32 {
  collector.collected = 0;
  releaseEdges(mask, pattern);
  for (let page = nextPage(0, sets); page; page = nextPage(page, sets)) {
    const end = endOf(page);
    const stride = strideOf(page);
    let rest = reclaimLists(firstOf(page), end, stride, mask, pattern);
    if (rest < end) rest = reclaimRecords(rest, end, stride, mask, pattern);
    if (rest < end) reclaimOthers(rest, end, stride, mask, pattern);
  }
  return collector.collected;
}

function reclaimLists(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return release(LISTS, first, end, stride, mask, pattern);
}

function reclaimRecords(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return release(RECORDS, first, end, stride, mask, pattern);
}

function reclaimOthers(first: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  return release(ANYTHING, first, end, stride, mask, pattern);
}

/**
 * Releases up to the first object that was not expected. That object, or the end. Blocks go back by the page, linked to
 * each other, and past the private free lists, which a collection empties.
 */
// @ts-ignore: decorator
@inline
function release(expected: u32, from: usize, end: usize, stride: usize, mask: u64, pattern: u64): usize {
  let found: u32 = 0;
  let first: usize = 0;
  let last: usize = 0;
  // Buffers go back in runs: those of objects that lie together often lie in one pool, too.
  let buffers: u32 = 0;
  let firstBuffer: usize = 0;
  let known: u32 = 0;
  let scan: u32 = 0;
  // Offset of the buffer's address; 1 of what letGo() sees to. Records have neither.
  let extra: u32 = 0;
  let object = from;
  for (; object < end; object += stride) {
    const meta = metaOf(object);
    if (!isWhite(meta)) continue;
    const type = meta & layout.META_TYPE;
    if (expected == LISTS) {
      if (type != layout.TYPE_LIST) break;
    } else if (type != known) {
      if (expected == RECORDS && known) break;
      const descriptor = typeByMeta(meta);
      const flags = descriptor.flags;
      scan = descriptor.scan;
      extra =
        flags & layout.FLAG_BUFFER
          ? descriptor.itemsOffset
          : u32((flags & (layout.FLAG_WEAKREF | layout.FLAG_BLOCKS)) != 0);
      if (expected == RECORDS && (extra || !hasOnlyFields(scan))) break;
      known = type;
    }
    visitExpected(expected, RELEASE, object, meta, scan, mask, pattern, 0, 0);
    const own = expected == LISTS ? layout.LIST_ITEMS : expected == RECORDS ? 0 : extra;
    if (own > 1) {
      const buffer = bufferAt(object, own);
      if (buffer) {
        if ((buffer ^ firstBuffer) >>> layout.PAGE_SHIFT) {
          if (buffers) giveBuffers(firstBuffer, buffers);
          collector.last = buffer;
          buffers = 0;
        }
        store<u32>(buffer, <u32>firstBuffer);
        firstBuffer = buffer;
        buffers++;
      }
    } else if (own) letGo(object, typeByMeta(meta));
    setHeader(object, <u64>first);
    first = object;
    if (!found) last = object;
    found++;
  }
  if (buffers) giveBuffers(firstBuffer, buffers);
  if (found) {
    fewerYoung(found);
    collector.collected = collector.collected + found;
    giveBlocks(first, last, found);
  }
  return object;
}

/** collector.last is the last one. */
function giveBuffers(first: usize, buffers: u32): void {
  objects.internalBlocks = objects.internalBlocks - buffers;
  giveBlocks(first, collector.last, buffers);
}

/** Deallocates the objects that garbage alone held. Host code may run. */
export function releaseOrphans(): void {
  for (let object = popDeferred(ORPHANS); object; object = popDeferred(ORPHANS)) decref(object);
}
