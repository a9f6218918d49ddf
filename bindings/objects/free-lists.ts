import {
  STATE_TUPLE_LISTS,
  TUPLE_ITEMS,
  TUPLE_LISTS,
  TYPE_FREE_COUNT,
  TYPE_SIZE,
  TYPE_TUPLE,
} from "../generated/layout.js";
import type { Space } from "./space.js";
import type { Types } from "./types.js";

/** A private free list: dead objects of a type that wait for reuse. */
export interface FreeListCount {
  /** Name of the type. */
  readonly name: string;
  /** Objects on the list. */
  readonly count: number;
  /** Their bytes. */
  readonly bytes: number;
}

const BLOCK_STEP = 8;

/** The private free lists that hold anything, by type; those of tuples of all lengths together. */
export function freeLists(space: Space, types: Types): FreeListCount[] {
  if (!space.started) return [];
  const lists = types.all().map(({ id, name }) => {
    if (id === TYPE_TUPLE) return tupleLists(space, name);
    const word = types.descriptor(id) >>> 2;
    const count = space.u32[word + (TYPE_FREE_COUNT >>> 2)]!;
    return { name, count, bytes: count * blockBytes(space.u32[word + (TYPE_SIZE >>> 2)]!) };
  });
  return lists.filter(({ count }) => count > 0);
}

function tupleLists(space: Space, name: string): FreeListCount {
  let count = 0;
  let bytes = 0;
  for (let length = 1; length < TUPLE_LISTS; length++) {
    const cached = space.state(STATE_TUPLE_LISTS + length * 8 + 4);
    count += cached;
    bytes += cached * blockBytes(TUPLE_ITEMS + length * 4);
  }
  return { name, count, bytes };
}

function blockBytes(size: number): number {
  return Math.ceil(size / BLOCK_STEP) * BLOCK_STEP;
}
