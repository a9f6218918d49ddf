import {
  STATE_TUPLE_LISTS,
  TUPLE_ITEMS,
  TUPLE_LISTS,
  TYPE_CLASS,
  TYPE_FREE_COUNT,
  TYPE_TUPLE,
} from "../generated/layout.js";
import { classBytes } from "../classes.js";
import type { Space } from "./space.js";
import type { Types } from "./types.js";

/** A private free list: dead objects of a type that wait for reuse. */
export interface FreeListCount {
  /** Name of the type. */
  readonly name: string;
  /** Objects on the list. */
  readonly count: number;
  /** Bytes of their blocks. */
  readonly bytes: number;
}

/** Bytes from one class of small blocks to the next. */
const BLOCK_STEP = 8;

/** The private free lists that hold anything, by type; those of tuples of all lengths together. */
export function freeLists(space: Space, types: Types): FreeListCount[] {
  if (!space.started) return [];
  const lists = types.all().map(({ id, name }) => {
    if (id === TYPE_TUPLE) return tupleLists(space, name);
    const word = types.descriptor(id) >>> 2;
    const count = space.u32[word + (TYPE_FREE_COUNT >>> 2)]!;
    return { name, count, bytes: count * classBytes(space.u32[word + (TYPE_CLASS >>> 2)]!) };
  });
  return lists.filter(({ count }) => count > 0);
}

function tupleLists(space: Space, name: string): FreeListCount {
  let count = 0;
  let bytes = 0;
  for (let length = 1; length < TUPLE_LISTS; length++) {
    const cached = space.state(STATE_TUPLE_LISTS + length * 8 + 4);
    count += cached;
    bytes += cached * classBytes(Math.ceil((TUPLE_ITEMS + length * 4) / BLOCK_STEP));
  }
  return { name, count, bytes };
}
