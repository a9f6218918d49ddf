/** The ABI of the bytes layer: a core of its own without objects, and a part of the whole one (core.ts). */
import * as arenas from "../alloc/arenas";
import * as censusTable from "../alloc/census";
import * as checks from "../alloc/checks";
import * as family from "../alloc/malloc";
import * as pools from "../alloc/pools";
import * as wipe from "../alloc/reset";
import * as validator from "../alloc/verify";
import * as guard from "../debug/guard";
import { FAULT_ARGUMENT, FAULT_NONE, STATE_BYTES } from "../layout";
import { STATE, state } from "../state";

/** Address of the state block; the offsets of assembly/layout count from here. */
export const stateBase: usize = STATE;

/**
 * Tells bindings whether this core is theirs: it changes with the layout, and
 * from release (1) to debug (2), the bytes layer alone (3) and hardened (0).
 */
export const layoutVersion: u32 = (STATE_BYTES << 2) | TALLYHEAP_CORE;

// ---- C's malloc family, for modules that share the memory; checked but in the release core ----

export function malloc(size: usize): usize {
  if (isDefined(TALLYHEAP_HARDENED)) return checks.checkedMalloc(size);
  return isDefined(TALLYHEAP_DEBUG) ? guard.malloc(size) : family.mallocInline(size);
}

export function calloc(count: usize, size: usize): usize {
  if (isDefined(TALLYHEAP_HARDENED)) return checks.checkedCalloc(count, size);
  return isDefined(TALLYHEAP_DEBUG) ? guard.calloc(count, size) : family.calloc(count, size);
}

export function realloc(pointer: usize, size: usize): usize {
  if (isDefined(TALLYHEAP_HARDENED)) return checks.checkedRealloc(pointer, size);
  return isDefined(TALLYHEAP_DEBUG) ? guard.realloc(pointer, size) : family.realloc(pointer, size);
}

export function free(pointer: usize): void {
  if (isDefined(TALLYHEAP_DEBUG)) guard.free(pointer);
  else if (isDefined(TALLYHEAP_HARDENED)) checks.checkedFree(pointer);
  else family.freeInline(pointer);
}

export function aligned_alloc(alignment: usize, size: usize): usize {
  if (isDefined(TALLYHEAP_HARDENED)) return checks.checkedAlignedAlloc(alignment, size);
  return isDefined(TALLYHEAP_DEBUG)
    ? guard.alignedAlloc(alignment, size)
    : family.alignedAlloc(alignment, size);
}

export function malloc_usable_size(pointer: usize): usize {
  return isDefined(TALLYHEAP_DEBUG) ? guard.usableSize(pointer) : family.usableSize(pointer);
}

// ---- the same, checked: 0 or a fault code in the state block ----

export function checked_malloc(size: usize): usize {
  return isDefined(TALLYHEAP_DEBUG) ? guard.malloc(size) : checks.checkedMalloc(size);
}

export function checked_calloc(count: usize, size: usize): usize {
  return isDefined(TALLYHEAP_DEBUG) ? guard.calloc(count, size) : checks.checkedCalloc(count, size);
}

export function checked_realloc(pointer: usize, size: usize): usize {
  return isDefined(TALLYHEAP_DEBUG) ? guard.realloc(pointer, size) : checks.checkedRealloc(pointer, size);
}

export function checked_aligned_alloc(alignment: usize, size: usize): usize {
  return isDefined(TALLYHEAP_DEBUG)
    ? guard.alignedAlloc(alignment, size)
    : checks.checkedAlignedAlloc(alignment, size);
}

export function checked_free(pointer: usize): u32 {
  return isDefined(TALLYHEAP_DEBUG) ? guard.free(pointer) : checks.checkedFree(pointer);
}

export function checked_usable_size(pointer: usize): usize {
  return isDefined(TALLYHEAP_DEBUG) ? guard.usableSize(pointer) : checks.checkedUsableSize(pointer);
}

export function check(pointer: usize): u32 {
  return isDefined(TALLYHEAP_DEBUG) ? guard.check(pointer) : checks.check(pointer);
}

// ---- the heap as a whole ----

/**
 * Sets the limits of a heap that was not used yet: memory in wasm pages, largest request of pools (256 or 512), pages
 * of pools, arenas left to the client from 256 KiB on, and the secret that marks freed blocks.
 */
export function initialize(limit: u32, threshold: u32, poolPages: u32, clientArenas: u32, secret: u32): u32 {
  if (state.ready || (threshold != 256 && threshold != 512)) return FAULT_ARGUMENT;
  state.secret = secret;
  arenas.initialize(limit, threshold, poolPages, clientArenas);
  return FAULT_NONE;
}

/** Ends the delay of idle pools; see alloc/pools.ts. */
export function retire_idle_pools(): void {
  pools.retireIdlePools();
}

export function reset(): void {
  if (isDefined(TALLYHEAP_DEBUG)) guard.forget();
  wipe.reset();
}

export function verify(): u32 {
  if (isDefined(TALLYHEAP_DEBUG)) {
    const wrong = guard.verify();
    if (wrong) return wrong;
  }
  const wrong = validator.verify();
  if (!wrong) pools.retireIdlePools();
  return wrong;
}

export function census(): void {
  censusTable.census();
}
