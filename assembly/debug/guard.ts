/**
 * The debug core's malloc family: CPython's debug hooks (PYTHONMALLOC=debug) over the same pools, slabs and spans. A
 * fault leaves the heap as it was: the block is neither freed nor moved.
 *
 * A fault of one of C's functions, which cannot tell, stays in the state block until the next call through a Heap
 * throws it.
 */
import * as layout from "../layout";
import { FAULT_NONE } from "../layout";
import { debug, state } from "../state";
import * as family from "../alloc/malloc";
import * as blocks from "./block";
import { examine, fault } from "./block";
import * as quarantine from "./quarantine";

export function malloc(size: usize): usize {
  return allocate(16, size, layout.DEBUG_FRESH_BYTE);
}

export function calloc(count: usize, size: usize): usize {
  const product = <u64>count * <u64>size;
  if (product >> 32) return refuse(layout.FAULT_ARGUMENT);
  return allocate(16, <usize>product, 0);
}

export function alignedAlloc(alignment: usize, size: usize): usize {
  if (!alignment || alignment & (alignment - 1) || alignment > layout.MAX_ALIGNMENT)
    return refuse(layout.FAULT_ARGUMENT);
  return allocate(alignment, size, layout.DEBUG_FRESH_BYTE);
}

/** A little smaller stays in place; growing always moves, so that a stale pointer meets the quarantine. */
export function realloc(pointer: usize, size: usize): usize {
  if (!pointer) return malloc(size);
  if (family.poisoned()) return refuse(layout.FAULT_CORRUPT);
  if (examine(pointer)) return 0;
  // Before anything moves, for an overwritten block in there makes the call fail.
  if (quarantine.shorten()) return 0;
  const old = blocks.sizeOf(pointer);
  if (size <= old && !blocks.isWasteful(pointer, size)) return blocks.shrinkBlock(pointer, size);
  const before = state.fault;
  const block = malloc(size);
  if (!block) {
    if (size > old) return 0;
    // No memory to move to is no fault of a block that can stay.
    state.fault = before;
    return blocks.shrinkBlock(pointer, size);
  }
  memory.copy(block, pointer, min(old, size));
  quarantine.quarantine(pointer);
  return block;
}

export function free(pointer: usize): u32 {
  if (!pointer) return FAULT_NONE;
  if (family.poisoned()) return fault(layout.FAULT_CORRUPT, pointer);
  const wrong = examine(pointer);
  if (wrong) return wrong;
  quarantine.quarantine(pointer);
  return quarantine.shorten();
}

export function usableSize(pointer: usize): usize {
  return examine(pointer) ? 0 : blocks.sizeOf(pointer);
}

/** What examine() says; no fault stays to be reported. */
export function check(pointer: usize): u32 {
  const before = state.fault;
  const wrong = examine(pointer);
  state.fault = before;
  return wrong;
}

/** 0, or the first broken guard of a live block or byte of a freed one. */
export function verify(): u32 {
  const before = state.fault;
  let wrong: u32 = 0;
  if (verifyList(debug.live, debug.liveCount, true)) wrong = layout.BROKEN_GUARD;
  else if (verifyList(debug.oldest, debug.deadCount, false)) wrong = layout.BROKEN_QUARANTINE;
  state.fault = before;
  return wrong;
}

/** Examines every block of a list; one that the list has lost shows in the count. */
function verifyList(first: usize, left: u32, live: bool): u32 {
  const broken = live ? layout.FAULT_CORRUPT : layout.FAULT_USE_AFTER_FREE;
  let block = first;
  let last = first;
  let bytes: u32 = 0;
  for (; block && left; left--) {
    // A link that leads nowhere is the fault of the block it stands in.
    if (!blocks.hasHeader(block)) return fault(broken, last);
    const wrong = live ? examine(block) : quarantine.examineDead(block);
    if (wrong) return wrong;
    last = block;
    bytes += <u32>blocks.bytesOf(block);
    block = blocks.headerOf(block).next;
  }
  const complete = !block && !left && (live || bytes == debug.quarantined);
  return complete ? FAULT_NONE : fault(broken, last);
}

/** The heap is emptied: no block is live or in quarantine. */
export function forget(): void {
  debug.live = 0;
  debug.liveCount = 0;
  state.fault = FAULT_NONE;
  quarantine.abandon();
}

/** Releases the quarantine when memory is short; true if any block went. */
export function releaseQuarantine(): bool {
  return quarantine.releaseAll();
}

function allocate(alignment: usize, size: usize, fill: u32): usize {
  if (family.poisoned()) return refuse(layout.FAULT_CORRUPT);
  if (size > 0xfff00000) return refuse(layout.FAULT_MEMORY);
  let pointer = blocks.makeBlock(alignment, size, fill);
  if (!pointer && debug.oldest) {
    quarantine.releaseAll();
    pointer = blocks.makeBlock(alignment, size, fill);
  }
  if (!pointer) return refuse(layout.FAULT_MEMORY);
  blocks.linkLive(pointer);
  return pointer;
}

function refuse(code: u32): usize {
  fault(code, 0);
  return 0;
}
