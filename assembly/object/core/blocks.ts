/**
 * Blocks of objects, and of what they hold their items in, as they come from active lists and go back to their pools:
 * the fast paths of malloc and free (alloc/malloc.ts) for callers that must not call, and the meta word that is 0 in
 * every block that is no object.
 */
import { RECORD_FREE, RECORD_LIVE, RECORD_MASK, RECORD_SHIFT, STATE_SENTINEL } from "../../layout";
import { STATE } from "../../state";
import { mapEntry } from "../../alloc/arenas";
import { enter, leave, releaseRare } from "../../alloc/malloc";
import { recordOf } from "../../alloc/pages";
import { freeLinked, isPool } from "../../alloc/pools";
import { setMeta } from "./header";

/** The first block of an active list; 0 if it is empty. */
// @ts-ignore: decorator
@inline
export function popBlock(list: usize): usize {
  const block = <usize>load<u32>(list);
  if (block) store<u32>(list, load<u32>(block));
  return block;
}

/** free for the block of an object. */
// @ts-ignore: decorator
@inline
export function giveBlock(object: usize): void {
  if (!tryGiveBlock(object)) giveBlockSlow(object);
}

/** free's fast path; the meta word becomes 0 in the same store as the link. False if it is none for it. */
// @ts-ignore: decorator
@inline
export function tryGiveBlock(object: usize): bool {
  const record = <usize>mapEntry(object) + ((object >>> RECORD_SHIFT) & RECORD_MASK);
  const live = <u32>load<u16>(record, STATE + STATE_SENTINEL + RECORD_LIVE);
  if (live <= 1) return false;
  store<u64>(object, load<u32>(record, STATE + STATE_SENTINEL + RECORD_FREE));
  store<u32>(record, <u32>object, STATE + STATE_SENTINEL + RECORD_FREE);
  store<u16>(record, live - 1, STATE + STATE_SENTINEL + RECORD_LIVE);
  return true;
}

export function giveBlockSlow(object: usize): void {
  setMeta(object, 0);
  releaseRare(object);
}

/** Frees blocks that start on one page and are linked from `first` to `last`; none is nothing to do. */
export function giveBlocks(first: usize, last: usize, blocks: u32): void {
  if (blocks <= 1) {
    if (blocks) giveBlock(first);
    return;
  }
  const record = recordOf(first);
  if (isPool(record) && enter()) {
    freeLinked(record, first, last, blocks);
    leave();
  }
}
