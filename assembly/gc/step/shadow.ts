/**
 * Shadow counts: what a collection in slices knows of objects while the program runs on between the slices. The counts of
 * the objects themselves stay as they are.
 *
 *   cell     ├ reached 1 │ waiting 1 │ piece 1 │ spared 1 │ count 12 ┤   two bytes for 16 of an arena
 *   table    32 KiB for each arena that held containers at the start; addresses by arena, 0 = none
 *
 *   count ≤ references from tracked objects, when they were looked at;   COUNT_MOST = as many or more
 *
 * A container takes 16 bytes at least, so no two begin in one cell. What is made meanwhile finds the cell of what was
 * there before, or none. That makes a wrong guess, and confirm.ts trusts no guess.
 */
import * as layout from "../../layout";
import { collector, objects, state } from "../../state";
import { kindOf } from "../../alloc/arenas";
import { calloc } from "../../alloc/malloc";
import { pageRecord } from "../../alloc/pages";
import { giveBuffer } from "../../object/core/buffers";
import { headerOf, metaOf, setMeta } from "../../object/core/header";
import { endOf, firstOf, strideOf } from "../../object/core/page-blocks";
import { ALL_GENERATIONS, SAVED, TRACKED } from "../heap/colour";
import { TRASH, markPage } from "../heap/pages";

/** What holds it is known, or it needs nothing to hold it. */
export const REACHED: u32 = 0x8000;
/** Reached, but found no room on the stack; of what was spared: it waits for the last look. */
export const WAITING: u32 = 0x4000;
/** In the piece that is looked at; see piece.ts. */
export const PIECE: u32 = 0x2000;
/** Was in a piece, and held from outside of it. */
export const SPARED: u32 = 0x1000;
export const COUNT_MOST: u32 = 0x0fff;

const TABLE_BYTES: usize = layout.ARENA_BYTES >>> 3;
/** The stack of objects whose references are still to be followed, or the list of a piece; as large as the mark stack. */
const STACK_BYTES: usize = layout.MARK_STACK_ENTRIES << 2;
/** Room for what was spared, at least and for each arena: a collection of the whole heap comes cheaper than a longer list. */
const SPARED_BYTES: usize = 16384;
const SPARED_SHIFT: u32 = 9;
/** Arenas whose tables are given back at once: some 20 µs. */
const CLOSED: u32 = 64;
/** Hubs that are counted in full. Each reference to one of them looks for it among the others. */
const HUBS: u32 = 32;

/**
 * Takes the memory for a run, but for the tables:
 *
 *   ├ addresses of tables ┤ stack ┤ spared ┤ hubs ┤
 *
 * False, and nothing taken, if there is none.
 */
export function openTables(): bool {
  const arenas = state.frontier;
  const tables = take(
    ((<usize>arenas) << 2) + STACK_BYTES + SPARED_BYTES + ((<usize>arenas) << SPARED_SHIFT) + (HUBS << 3),
  );
  if (!tables) return false;
  collector.tables = tables;
  collector.tableArenas = arenas;
  collector.stepTop = stackBase();
  collector.spared = 0;
  collector.stepHubs = 0;
  return true;
}

/**
 * Makes the table of the first arena with containers behind the arena `after`. The arena's number; 0 when all have theirs.
 * An arena for which there is no memory has none, and nothing in it will be found.
 */
export function openTable(after: u32): u32 {
  for (let number = max(after + 1, state.first); number < collector.tableArenas; number++) {
    if (!holdsContainers(number)) continue;
    const table = take(TABLE_BYTES);
    if (!table) return 0;
    store<u32>(collector.tables + ((<usize>number) << 2), <u32>table);
    return number;
  }
  return 0;
}

/** Gives back some tables, from that of the arena `first` on; the next one to give back, 0 when none is left. */
export function closeSomeTables(first: u32): u32 {
  const end = min(first + CLOSED, collector.tableArenas);
  for (let number = first; number < end; number++) {
    const place = collector.tables + ((<usize>number) << 2);
    giveBuffer(load<u32>(place));
    store<u32>(place, 0);
  }
  return end < collector.tableArenas ? end : 0;
}

/** Gives the memory back, and ends the run. */
export function closeTables(): void {
  const tables = collector.tables;
  if (!tables) return;
  for (let number: u32 = 0; (number = closeSomeTables(number)););
  giveBuffer(tables);
  collector.tables = 0;
  collector.tableArenas = 0;
  collector.stepPhase = 0;
  collector.stepPage = 0;
}

function take(bytes: usize): usize {
  const block = calloc(1, bytes);
  if (block) objects.internalBlocks = objects.internalBlocks + 1;
  return block;
}

function holdsContainers(number: u32): bool {
  if (kindOf(number) != layout.ARENA_PAGED) return false;
  const arena = (<usize>number) << layout.ARENA_SHIFT;
  for (let page: u32 = 0; page < layout.ARENA_PAGES; page++) {
    if (pageRecord(arena + (page << layout.PAGE_SHIFT)).domain == layout.DOMAIN_CONTAINER) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
export function stackBase(): usize {
  return collector.tables + ((<usize>collector.tableArenas) << 2);
}

/** End of the stack, and first of the objects that were spared. */
// @ts-ignore: decorator
@inline
export function stackLimit(): usize {
  return stackBase() + STACK_BYTES;
}

/** How many spared objects find room. */
export function sparedRoom(): u32 {
  return <u32>((SPARED_BYTES + ((<usize>collector.tableArenas) << SPARED_SHIFT)) >>> 2);
}

/** Whether a run may find this object to be garbage: tracked, mortal, not frozen. */
// @ts-ignore: decorator
@inline
export function isSubject(header: u64): bool {
  return (header & ALL_GENERATIONS) == TRACKED;
}

/** Whether a subject begins at an address that was one earlier. */
export function isStillSubject(address: usize): bool {
  const page = address & ~(<usize>layout.PAGE_BYTES - 1);
  if (pageRecord(page).domain != layout.DOMAIN_CONTAINER) return false;
  const first = firstOf(page);
  if (address < first || address >= endOf(page) || (address - first) % strideOf(page)) return false;
  return isSubject(headerOf(address));
}

/** The cell of an address; 0 if its arena has no table. */
// @ts-ignore: decorator
@inline
export function cellOf(object: usize): usize {
  const number = (<u32>object) >>> layout.ARENA_SHIFT;
  if (number >= collector.tableArenas) return 0;
  const table = <usize>load<u32>(collector.tables + (number << 2));
  return table ? table + (((object & (layout.ARENA_BYTES - 1)) >>> 4) << 1) : 0;
}

// ---- what is done with a child ----

/** One reference more. Cells of what is no container are counted in and never read. */
// @ts-ignore: decorator
@inline
export function tally(child: usize): void {
  const cell = cellOf(child);
  if (!cell) return;
  const shadow = <u32>load<u16>(cell);
  if ((shadow & COUNT_MOST) < COUNT_MOST) store<u16>(cell, <u16>(shadow + 1));
  else tallyHub(child);
}

/** Reaches a child, and puts it on the stack whose top is `top`. The new top. */
// @ts-ignore: decorator
@inline
export function follow(child: usize, top: usize): usize {
  const cell = cellOf(child);
  if (!cell || load<u16>(cell) & REACHED) return top;
  return reach(child, cell, top);
}

export function reach(object: usize, cell: usize, top: usize): usize {
  const shadow = (<u32>load<u16>(cell)) | REACHED;
  if (!isSubject(headerOf(object))) {
    store<u16>(cell, <u16>shadow);
    return top;
  }
  collector.stepReached = collector.stepReached + 1;
  store<u16>(cell, <u16>shadow);
  if (top >= stackLimit()) {
    putOff(object);
    return top;
  }
  store<u32>(top, <u32>object);
  return top + 4;
}

/** What is reached, but finds no room on the stack, is found by another sweep. */
export function putOff(object: usize): void {
  const cell = cellOf(object);
  store<u16>(cell, <u16>((<u32>load<u16>(cell)) | WAITING));
  collector.stepWaiting = 1;
}

/** Adds one object if it is a guess, or has the flag that this look takes. */
export function gather(object: usize, end: usize): usize {
  const cell = cellOf(object);
  if (!cell) return end;
  const shadow = <u32>load<u16>(cell);
  const header = headerOf(object);
  if (shadow & PIECE || !isSubject(header)) return end;
  if (!isGuess(object, header, shadow) && !(shadow & collector.stepTakes)) return end;
  const isFull = end == stackLimit();
  if (collector.stepWhole) {
    store<u16>(cell, <u16>REACHED);
    takeIntoWhole(object);
    if (isFull) return end;
  } else {
    if (isFull) {
      collector.stepWaiting = 1;
      return end;
    }
    store<u16>(cell, <u16>PIECE);
  }
  store<u32>(end, <u32>object);
  return end + 4;
}

/** The piece is no list: see piece.ts. */
export function takeIntoWhole(object: usize): void {
  setMeta(object, metaOf(object) | SAVED);
  markPage(object, TRASH);
}

/** Finds that an object of the piece is held, and puts it on the stack whose top is `top`. The new top. */
// @ts-ignore: decorator
@inline
export function rescue(child: usize, spared: u32, top: usize): usize {
  const cell = cellOf(child);
  if (!cell || !(load<u16>(cell) & PIECE)) return top;
  store<u16>(cell, <u16>spared);
  store<u32>(top, <u32>child);
  return top + 4;
}

// ---- what a shadow says ----

/**
 * Whether an object is a guess: nothing reached it, and it has no more references than its shadow counts, as far as it
 * can count. What was made since then has.
 */
// @ts-ignore: decorator
@inline
export function isGuess(object: usize, header: u64, shadow: u32): bool {
  return !(shadow & REACHED) && !isHeld(object, header, shadow);
}

/** Whether it has more references than its shadow counts. */
// @ts-ignore: decorator
@inline
export function isHeld(object: usize, header: u64, shadow: u32): bool {
  const counted = shadow & COUNT_MOST;
  return <u32>header > counted && (counted < COUNT_MOST || isHubHeld(object, <u32>header));
}

// ---- hubs: objects with more references than a shadow counts ----
//
//   ├ object 4 │ references beyond COUNT_MOST 4 ┤ × stepHubs ≤ HUBS        such as a document's root, to which all of it leads back

/** The reference of another one to a hub, which is noted if there is room. */
function tallyHub(object: usize): void {
  let entry = hubOf(object);
  if (!entry) {
    if (collector.stepHubs == HUBS) return;
    entry = hubs() + (collector.stepHubs << 3);
    collector.stepHubs = collector.stepHubs + 1;
    store<u64>(entry, <u64>object);
  }
  store<u32>(entry, load<u32>(entry, 4) + 1, 4);
}

/** Whether a hub has more references than were counted. One that found no room is a guess, whatever holds it. */
function isHubHeld(object: usize, count: u32): bool {
  const entry = hubOf(object);
  if (!entry) return collector.stepHubs < HUBS;
  return count > COUNT_MOST + load<u32>(entry, 4);
}

/** Entry of a hub; 0 if it has none. */
function hubOf(object: usize): usize {
  const end = hubs() + (collector.stepHubs << 3);
  for (let entry = hubs(); entry < end; entry += 8) {
    if (load<u32>(entry) == <u32>object) return entry;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function hubs(): usize {
  return stackLimit() + ((<usize>sparedRoom()) << 2);
}
