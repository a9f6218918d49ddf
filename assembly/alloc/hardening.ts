/** What only the hardened core does: a guard behind spans, zeroing of freed blocks, and a random order of what is carved. */
import { state } from "../state";
import { setLink } from "./links";

/** Bytes behind a span of the malloc family that nobody may write. */
export const GUARD_BYTES: usize = isDefined(TALLYHEAP_HARDENED) ? 64 : 0;

/** Writes the guard of a span that ends at an address. */
export function writeGuard(end: usize): void {
  for (let at = end - GUARD_BYTES; at < end; at += 4) store<u32>(at, guardWord(at));
}

export function hasGuard(end: usize): bool {
  for (let at = end - GUARD_BYTES; at < end; at += 4) {
    if (load<u32>(at) != guardWord(at)) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function guardWord(at: usize): u32 {
  return (<u32>at * 0x9e3779b1) ^ state.secret;
}

/** A block is freed: zeroes all but its mark, if the option says so. */
// @ts-ignore: decorator
@inline
export function wipe(block: usize, bytes: usize): void {
  if (!state.zeroOnFree) return;
  store<u32>(block, 0);
  memory.fill(block + 8, 0, bytes - 8);
}

/** Whether nothing was written to a free block behind its link and its mark, as far as that can be known. */
export function isWiped(block: usize, bytes: usize): bool {
  if (!state.zeroOnFree) return true;
  for (let at: usize = 8; at < bytes; at += 8) {
    if (load<u64>(block + at)) return false;
  }
  return true;
}

/** Xorshift (Marsaglia 2003): unpredictable enough for an order, and no secret. */
export function random(): u32 {
  let next = state.random | 1;
  next ^= next << 13;
  next ^= next >>> 17;
  next ^= next << 5;
  state.random = next;
  return next;
}

/**
 * Links blocks that lie one behind the other from a random one on, upwards or downwards, round to where it began. The first
 * of the list. (A random permutation took the traces a third longer: what is allocated together lay apart.)
 */
export function linkTurned(first: usize, bytes: u32, blocks: u32): usize {
  const draw = random();
  const start = (draw >>> 1) % blocks;
  const step = draw & 1 ? 1 : blocks - 1;
  let head: usize = 0;
  let index = start;
  do {
    // From the last to the first.
    const block = first + index * bytes;
    setLink(block, head);
    head = block;
    index += step;
    if (index >= blocks) index -= blocks;
  } while (index != start);
  return head;
}

/** A set bit of a word that has one, drawn at random. */
export function randomBit(bits: u64): u32 {
  const turn = random() & 63;
  return (<u32>ctz(rotr<u64>(bits, turn)) + turn) & 63;
}
