/**
 * A piece: some guesses and what they lead to among guesses, in a list. With the program at rest the shadows of its objects
 * count anew, references within the piece alone, and no count changes:
 *
 *   shadow = references from the piece      refcount > shadow  ⇒  held from outside of it, with all that it leads to
 *                                           all others         =   garbage
 *
 * whatever the piece is. So a wrong guess costs time and frees nothing that is alive.
 *
 *   ├ stackBase … list of the piece … ┤      mark stack: what of it is held and not followed yet
 */
import { collector } from "../../state";
import { headerOf, metaOf, setMeta } from "../../object/core/header";
import { COLOUR } from "../heap/colour";
import { TRASH, markPage } from "../heap/pages";
import { STACK } from "../pass/stack";
import { GATHER, RESCUE, TALLY, scanOf, visit } from "../pass/visit";
import { COUNT_MOST, PIECE, REACHED, cellOf, gather, stackBase, takeIntoWhole } from "./shadow";

/** The piece has an object with more references than a shadow counts. */
export const UNCOUNTED: i32 = -2;
/** Counts are lower than the references that were found: collector.damaged. */
export const DAMAGED: i32 = -1;

/**
 * Adds an object to the list that ends at `end`, with what it leads to. The new end; collector.stepWaiting is 1 if
 * anything found no room, which is a guess still.
 */
export function gatherFrom(object: usize, end: usize): usize {
  let next = end;
  end = gather(object, end);
  for (; next < end; next += 4) end = gatherChildren(load<usize>(next), end);
  return end;
}

function gatherChildren(parent: usize, end: usize): usize {
  const meta = metaOf(parent);
  return visit(GATHER, parent, meta, scanOf(meta), 0, 0, 0, end);
}

// ---- a piece that is no list: too large for one, or too often referred to ----

/** From now on the piece is what has the colour SAVED, on pages of the set TRASH; the list is a stack. */
export function takeWhole(end: usize): void {
  collector.stepWhole = 1;
  collector.stepWaiting = 0;
  for (let place = stackBase(); place < end; place += 4) {
    const object = load<usize>(place);
    store<u16>(cellOf(object), <u16>REACHED);
    takeIntoWhole(object);
  }
  drainInto(end);
}

/** Adds an object, with what it leads to. What finds no room on the stack has its children left out. */
export function addToWhole(object: usize): void {
  drainInto(gather(object, stackBase()));
}

function drainInto(top: usize): void {
  while (top > stackBase()) {
    top -= 4;
    top = gatherChildren(load<usize>(top), top);
  }
}

// ---- a list ----

/** The objects of a list are guesses as before. */
export function forget(end: usize): void {
  for (let place = stackBase(); place < end; place += 4) store<u16>(cellOf(load<usize>(place)), 0);
  collector.stepWaiting = 0;
}

/**
 * Finds out which objects of the list are garbage: they become white, on pages of the set TRASH. The others get the shadow
 * `spared`. The number of those that are garbage, and all their meta bits in collector.metas; or UNCOUNTED or DAMAGED,
 * and nothing is known.
 */
export function judge(end: usize, spared: u32): i32 {
  for (let place = stackBase(); place < end; place += 4) {
    const object = load<usize>(place);
    const meta = metaOf(object);
    visit(TALLY, object, meta, scanOf(meta), 0, 0, 0, 0);
  }
  for (let place = stackBase(); place < end; place += 4) {
    const object = load<usize>(place);
    const counted = (<u32>load<u16>(cellOf(object))) & COUNT_MOST;
    if (counted == COUNT_MOST) return UNCOUNTED;
    if (<u32>headerOf(object) >= counted) continue;
    collector.damaged = object;
    return DAMAGED;
  }
  for (let place = stackBase(); place < end; place += 4) {
    const object = load<usize>(place);
    const cell = cellOf(object);
    const shadow = <u32>load<u16>(cell);
    if (shadow & PIECE && <u32>headerOf(object) > (shadow & COUNT_MOST)) rescueFrom(object, cell, spared);
  }
  return colourGarbage(end);
}

/** An object of the piece is held: so is what it leads to. The stack has room for a whole piece. */
function rescueFrom(object: usize, cell: usize, spared: u32): void {
  store<u16>(cell, <u16>spared);
  let top = STACK;
  store<u32>(top, <u32>object);
  top += 4;
  while (top > STACK) {
    top -= 4;
    const parent = load<usize>(top);
    const meta = metaOf(parent);
    top = visit(RESCUE, parent, meta, scanOf(meta), 0, 0, <usize>spared, top);
  }
}

function colourGarbage(end: usize): i32 {
  let garbage: i32 = 0;
  let metas: u32 = 0;
  for (let place = stackBase(); place < end; place += 4) {
    const object = load<usize>(place);
    const cell = cellOf(object);
    if (!(load<u16>(cell) & PIECE)) continue;
    // Whatever is made here next is none of this run's business.
    store<u16>(cell, <u16>REACHED);
    const meta = metaOf(object);
    metas |= meta;
    setMeta(object, meta | COLOUR);
    markPage(object, TRASH);
    garbage++;
  }
  collector.metas = metas;
  return garbage;
}
