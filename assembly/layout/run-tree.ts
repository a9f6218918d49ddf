/**
 * The longest run of free pages of each arena, in a tree whose nodes are bytes:
 *
 *   node v = maximum of its children, 8·v + 1 … 8·v + 8;   the leaf of arena n is node RUN_LEAVES + n
 *   a leaf is 0 for an arena without free pages or without a page table
 *
 * Five nodes lead from the root to the lowest arena that has a run of some length. The children of a node are one aligned
 * word: the tree begins a byte before one.
 */
import { MAP_ENTRIES } from "./arenas";

/** (8⁵ − 1) / 7, the nodes above the leaves; those of 4 GiB are half of what the last five levels have room for. */
export const RUN_LEAVES: u32 = 4681;
export const RUN_NODES: u32 = RUN_LEAVES + MAP_ENTRIES;
/** Nodes that have children. */
export const RUN_PARENTS: u32 = (RUN_NODES - 1) >>> 3;
