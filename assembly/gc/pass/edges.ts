/**
 * References that the host holds for objects, as CPython's tp_traverse reports what a C struct holds: heap.addTraverse.
 * The host is asked before a pass, object by object in address order; the passes then read a table.
 *
 *   edges ├ owner │ child ┤ ├ owner │ child ┤ …        owner | 1: the child has its reference back
 *
 * An edge leaves its child's count in the first pass and comes back when its owner is reached, like the references that
 * lie in the owner. Objects that are made or change while the host is asked keep their counts: they count as held.
 */
import * as layout from "../../layout";
import { collector, zeros } from "../../state";
import { fault } from "../../alloc/malloc";
import { pageRecord } from "../../alloc/pages";
import { resizeBuffer } from "../../object/core/buffers";
import { headerOf, metaOf, typeByMeta } from "../../object/core/header";
import { traverseObject } from "../../object/core/host";
import { recountStacks } from "../../object/core/stacks";
import { checkObject } from "../../object/core/walk";
import { isWhite } from "../heap/colour";
import { endOf, firstOf, nextPage, strideOf } from "../heap/pages";
import { NOTE, RELEASE, RESTORE, SUBTRACT, see } from "./visit";

const EDGE_SHIFT: u32 = 3;
const DONE: u32 = 1;

/**
 * Asks the host for the edges of the objects of a set. False if it could not tell, or if one leads to no live object: that
 * one is `collector.damaged` then.
 */
export function gatherEdges(sets: u32, mask: u64, pattern: u64): bool {
  collector.edgeCount = 0;
  collector.damaged = 0;
  if (!collector.traversed) return true;
  zeros.gathering = layout.GATHERING_EDGES;
  let isDone: bool = true;
  for (let page = nextPage(0, sets); page && isDone; page = nextPage(page, sets)) {
    isDone = gatherFrom(page, mask, pattern);
  }
  zeros.gathering = layout.GATHERING_NOTHING;
  recountStacks();
  if (isDone) isDone = areSound();
  if (!isDone) collector.edgeCount = 0;
  return isDone;
}

/** The host may do anything meanwhile: what the page holds is looked at anew for each object. */
function gatherFrom(page: usize, mask: u64, pattern: u64): bool {
  let object = firstOf(page);
  while (pageRecord(page).domain == layout.DOMAIN_CONTAINER && object < endOf(page)) {
    const header = headerOf(object);
    const meta = <u32>(header >>> 32);
    if ((header & mask) == pattern && typeByMeta(meta).flags & layout.FLAG_TRAVERSED) {
      collector.edgeOwner = object;
      if (!traverseObject(object, meta & layout.META_TYPE, 0)) return false;
    }
    object += strideOf(page);
  }
  return true;
}

/** The host visits a reference that it holds for the object that it was asked for. */
export function addEdge(child: usize): u32 {
  const wrong = checkObject(child);
  if (wrong) return fault(wrong, child);
  const count = collector.edgeCount;
  if (count == collector.edgeCapacity && !grow()) return layout.FAULT_MEMORY;
  const edge = edgeAt(count);
  store<u32>(edge, <u32>collector.edgeOwner);
  store<u32>(edge, <u32>child, 4);
  collector.edgeCount = count + 1;
  return layout.FAULT_NONE;
}

/** Whether all that was gathered lives. */
function areSound(): bool {
  for (let edge = edgeAt(0), end = edgeAt(collector.edgeCount); edge < end; edge += 8) {
    const owner = ownerOf(edge);
    const child = childOf(edge);
    if (checkObject(child) || checkObject(owner)) {
      collector.damaged = child;
      return false;
    }
  }
  return true;
}

/** Takes the edges out of the counts: after all objects of the set have become white. */
export function subtractEdges(mask: u64, pattern: u64): void {
  for (let edge = edgeAt(0), end = edgeAt(collector.edgeCount); edge < end; edge += 8) {
    see(SUBTRACT, childOf(edge), mask, pattern, 0, 0);
  }
}

/**
 * Puts those of reached owners back, and notes the pages of the children that have to be looked at for that. Whether there
 * was any: its child may be the owner of others. Each way in turn, so that chains in the order of addresses take two turns.
 */
export function markEdges(mask: u64, pattern: u64, upwards: bool): bool {
  const count = collector.edgeCount;
  let found: bool = false;
  for (let i: u32 = 0; i < count; i++) {
    const edge = edgeAt(upwards ? i : count - 1 - i);
    const owner = ownerOf(edge);
    if (owner & DONE || isWhite(metaOf(owner))) continue;
    store<u32>(edge, (<u32>owner) | DONE);
    see(RESTORE, childOf(edge), mask, pattern, 0, 0);
    see(NOTE, childOf(edge), mask, pattern, 0, 0);
    found = true;
  }
  return found;
}

/** Puts those of white owners back. */
export function restoreEdges(mask: u64, pattern: u64): void {
  for (let edge = edgeAt(0), end = edgeAt(collector.edgeCount); edge < end; edge += 8) {
    const owner = ownerOf(edge);
    if (!(owner & DONE) && isWhite(metaOf(owner))) see(RESTORE, childOf(edge), mask, pattern, 0, 0);
  }
}

/** Releases those of white owners, which are about to go. */
export function releaseEdges(mask: u64, pattern: u64): void {
  for (let edge = edgeAt(0), end = edgeAt(collector.edgeCount); edge < end; edge += 8) {
    const owner = ownerOf(edge);
    if (!(owner & DONE) && isWhite(metaOf(owner))) see(RELEASE, childOf(edge), mask, pattern, 0, 0);
  }
  collector.edgeCount = 0;
}

// @ts-ignore: decorator
@inline
function edgeAt(index: u32): usize {
  return collector.edges + ((<usize>index) << EDGE_SHIFT);
}

// @ts-ignore: decorator
@inline
function ownerOf(edge: usize): usize {
  return load<u32>(edge);
}

// @ts-ignore: decorator
@inline
function childOf(edge: usize): usize {
  return load<u32>(edge, 4);
}

function grow(): bool {
  const capacity = collector.edgeCapacity ? collector.edgeCapacity << 1 : 64;
  const edges = resizeBuffer(collector.edges, capacity << EDGE_SHIFT);
  if (!edges) return false;
  collector.edges = edges;
  collector.edgeCapacity = capacity;
  return true;
}
