/**
 * The quarantine: freed blocks, filled with the dead byte, oldest first, until a megabyte of memory has gathered. A write
 * after free shows when a block leaves, or when verify() looks.
 *
 *   quarantined = sum of bytes of the blocks in the list;   deadCount = their number
 */
import * as layout from "../layout";
import { debug } from "../state";
import * as family from "../alloc/malloc";
import * as blocks from "./block";
import { fault, headerOf } from "./block";

/** Fills a block with the dead byte and appends it. */
export function quarantine(pointer: usize): void {
  blocks.unlinkLive(pointer);
  blocks.fillDead(pointer);
  headerOf(pointer).next = 0;
  if (debug.newest) headerOf(debug.newest).next = <u32>pointer;
  else debug.oldest = <u32>pointer;
  debug.newest = <u32>pointer;
  debug.deadCount += 1;
  // What the block takes, not what was asked for: a block of no bytes takes one, too.
  debug.quarantined += <u32>blocks.bytesOf(pointer);
}

/** FAULT_NONE if the header of a quarantined block is whole and every byte still reads as dead. */
export function examineDead(pointer: usize): u32 {
  if (!isWhole(pointer)) return fault(layout.FAULT_USE_AFTER_FREE, pointer);
  const at = blocks.firstOverwritten(pointer);
  if (!at) return layout.FAULT_NONE;
  return blocks.note(layout.FAULT_USE_AFTER_FREE, pointer, layout.DAMAGE_FREED, at, layout.DEBUG_DEAD_BYTE);
}

/** Whether the header of a block in quarantine can be relied on. */
function isWhole(pointer: usize): bool {
  if (!blocks.isProved(pointer)) return false;
  const next = headerOf(pointer).next;
  const isNewest = debug.newest == <u32>pointer;
  return next ? !isNewest && blocks.hasHeader(next) : isNewest;
}

/** Shortens the quarantine to its limit; the fault of the first block found overwritten. */
export function shorten(): u32 {
  while (debug.unreported || (debug.quarantined > layout.QUARANTINE_BYTES && debug.oldest != debug.newest)) {
    const found = releaseOldest();
    if (found) return found;
  }
  return layout.FAULT_NONE;
}

function releaseOldest(): u32 {
  const pointer = <usize>debug.oldest;
  const found = examineDead(pointer);
  if (!isWhole(pointer)) {
    // Where the others are is lost with its link; their memory stays as it is until reset().
    abandon();
    return found;
  }
  release(pointer, 0);
  if (debug.unreported) debug.unreported -= 1;
  return found;
}

/** Frees the block behind `previous` in the list. */
function release(pointer: usize, previous: usize): void {
  const next = headerOf(pointer).next;
  if (previous) headerOf(previous).next = next;
  else debug.oldest = next;
  if (!next) debug.newest = <u32>previous;
  debug.deadCount -= 1;
  debug.quarantined -= <u32>blocks.bytesOf(pointer);
  family.free(blocks.baseOf(pointer));
}

/**
 * Memory is short: empties the quarantine but for what was overwritten, which the next free() or realloc() reports.
 * True if any block went.
 */
export function releaseAll(): bool {
  const before = debug.deadCount;
  let kept: usize = 0;
  let overwritten: u32 = 0;
  let block = <usize>debug.oldest;
  while (block && isWhole(block)) {
    const next = <usize>headerOf(block).next;
    if (blocks.firstOverwritten(block)) {
      kept = block;
      overwritten++;
    } else {
      release(block, kept);
    }
    block = next;
  }
  debug.unreported = overwritten + u32(block != 0);
  return debug.deadCount < before;
}

/** Forgets the list; its blocks stay as they are. */
export function abandon(): void {
  debug.oldest = 0;
  debug.newest = 0;
  debug.deadCount = 0;
  debug.quarantined = 0;
  debug.unreported = 0;
}
