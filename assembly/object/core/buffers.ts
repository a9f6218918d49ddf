/**
 * Raw blocks that belong to the object layer: descriptors, the type table, what lists and dicts hold their items in,
 * the table of interned strings. Counted, so that a report of leaks can tell them from the host's own blocks.
 */
import { DOMAIN_RAW, FAULT_MEMORY, MEDIUM_LIMIT, STATE_ACTIVE } from "../../layout";
import { STATE, objects } from "../../state";
import { rawBytes } from "../../alloc/classes";
import { addPressure } from "../../alloc/pressure";
import { calloc, fault, freeInline, malloc, realloc } from "../../alloc/malloc";
import { MappedRecord } from "../../alloc/pages";
import { popBlock } from "./blocks";
import { clearFreeLists } from "./free-lists";

/** A new block, 0 if out of memory even after private free lists were emptied. */
export function takeBuffer(bytes: usize): usize {
  let block = malloc(bytes);
  if (!block && clearFreeLists(0)) block = malloc(bytes);
  return noteTaken(block, bytes);
}

export function takeZeroed(bytes: usize): usize {
  let block = calloc(1, bytes);
  if (!block && clearFreeLists(0)) block = calloc(1, bytes);
  return noteTaken(block, bytes);
}

/** A new block of at most SMALL_LIMIT bytes if its active list has one; 0 if it has none. */
// @ts-ignore: decorator
@inline
export function tryTakeBuffer(bytes: usize): usize {
  const block = popBlock(STATE + STATE_ACTIVE + (rawBytes(bytes) >>> 1), DOMAIN_RAW);
  return block ? noteTaken(block, bytes) : 0;
}

/** A block with another size and the same content; 0 and nothing changed if out of memory. */
export function resizeBuffer(block: usize, bytes: usize): usize {
  if (!block) return takeBuffer(bytes);
  let moved = realloc(block, bytes);
  if (!moved && clearFreeLists(0)) moved = realloc(block, bytes);
  if (!moved) fault(FAULT_MEMORY, 0);
  else pressWith(bytes);
  return moved;
}

export function giveBuffer(block: usize): void {
  if (block) giveBufferInline(block);
}

/** Whether giveBufferInline() would take no call. */
// @ts-ignore: decorator
@inline
export function isGivenAtOnce(block: usize): bool {
  return !isDefined(TALLYHEAP_HARDENED) && MappedRecord.of(block).live > 1;
}

// @ts-ignore: decorator
@inline
export function giveBufferInline(block: usize): void {
  objects.internalBlocks = objects.internalBlocks - 1;
  freeInline(block);
}

// @ts-ignore: decorator
@inline
function noteTaken(block: usize, bytes: usize): usize {
  if (!block) {
    fault(FAULT_MEMORY, 0);
    return 0;
  }
  objects.internalBlocks = objects.internalBlocks + 1;
  pressWith(bytes);
  return block;
}

/** Counts the bytes of a buffer, unless it is a span, which is counted already. */
// @ts-ignore: decorator
@inline
function pressWith(bytes: usize): void {
  if (bytes <= MEDIUM_LIMIT) addPressure(bytes);
}
