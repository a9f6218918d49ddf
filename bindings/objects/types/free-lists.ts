import * as layout from "../../generated/layout.js";
import { blockBytes, pageRecord } from "../../core/page-record.js";
import type { ObjectMemory } from "../access/object-memory.js";
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

/** The private free lists that hold anything, by type; those of tuples of all lengths together. Walks them. */
export function freeLists(memory: ObjectMemory, types: Types): FreeListCount[] {
  if (!memory.lifecycle.hasObjectLayer) return [];
  const core = memory.lifecycle.started();
  const { u32 } = memory.fresh();
  // The size class stands in the record of the block's page. An instance may have a larger block than its type needs.
  const bytesOf = (block: number): number => blockBytes(core, pageRecord(core, block)!);
  const tuples = core.stateAddress(layout.STATE_TUPLE_LISTS);
  const lists = types.all().map(({ id, name }) => {
    let count = 0;
    let bytes = 0;
    // A list: its first block, its length.
    const add = (list: number): void => {
      const length = u32[(list >>> 2) + 1]!;
      let block = u32[list >>> 2]!;
      for (let i = 0; i < length; i++) {
        bytes += bytesOf(block);
        block = u32[block >>> 2]!;
      }
      count += length;
    };
    add(types.descriptor(id) + layout.TYPE_FREE_HEAD);
    if (id === layout.TYPE_TUPLE)
      for (let length = 1; length < layout.TUPLE_LISTS; length++) add(tuples + length * 8);
    return { name, count, bytes };
  });
  return lists.filter(({ count }) => count > 0);
}
