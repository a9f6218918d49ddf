/** Finds the lowest arena with a run of free pages; see layout/run-tree.ts. */
import * as layout from "../layout";
import { STATE } from "../state";

/** 1 in each byte. */
const EACH_BYTE: u64 = u64.MAX_VALUE / 255;

/** Number of the lowest arena that has `length` free pages in a row, 1 ≤ length ≤ 64; 0 if none has. */
export function lowestWith(length: u32): u32 {
  // Bytes are at most 64: a sum has its upper bit where the run is long enough, and carries nothing to the next.
  const missing = <u64>(128 - length) * EACH_BYTE;
  let node: u32 = 0;
  do {
    const enough = (childrenOf(node) + missing) & (EACH_BYTE << 7);
    if (!enough) return 0;
    node = (node << 3) + 1 + ((<u32>ctz(enough)) >>> 3);
  } while (node < layout.RUN_LEAVES);
  return node - layout.RUN_LEAVES;
}

/** The arena's longest run has `longest` pages. */
export function noteLongest(number: u32, longest: u32): void {
  let node = layout.RUN_LEAVES + number;
  while (true) {
    const old = longestAt(node);
    if (old == longest) return;
    store<u8>(node, longest, STATE + layout.STATE_RUN_TREE);
    if (!node) return;
    node = (node - 1) >>> 3;
    const above = longestAt(node);
    if (longest < above && old == above) longest = longestBelow(node);
    else longest = max(longest, above);
  }
}

/** Pages of the arena's longest run. */
// @ts-ignore: decorator
@inline
export function longestOf(number: u32): u32 {
  return longestAt(layout.RUN_LEAVES + number);
}

// @ts-ignore: decorator
@inline
export function longestAt(node: u32): u32 {
  return load<u8>(node, STATE + layout.STATE_RUN_TREE);
}

/** How many of a node's children are not 0. */
export function runsBelow(node: u32): u32 {
  return <u32>popcnt((childrenOf(node) + EACH_BYTE * 127) & (EACH_BYTE << 7));
}

/** The largest of a node's children. */
export function longestBelow(node: u32): u32 {
  let largest: u32 = 0;
  for (let children = childrenOf(node); children; children >>>= 8) {
    largest = max(largest, <u32>(children & 0xff));
  }
  return largest;
}

// @ts-ignore: decorator
@inline
function childrenOf(node: u32): u64 {
  return load<u64>(node << 3, STATE + layout.STATE_RUN_TREE + 1);
}
