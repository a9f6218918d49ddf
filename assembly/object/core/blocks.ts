/**
 * Blocks of objects, and of what they hold their items in, as they come from active lists and go back to their pools:
 * the fast paths of malloc and free (alloc/malloc.ts) for callers that must not call, and the meta word that is 0 in
 * every block that is no object.
 */
import { enter, leave, releaseSlow } from "../../alloc/malloc";
import { MappedRecord, pageRecord } from "../../alloc/pages";
import { freeList } from "../../alloc/pools";
import { setMeta } from "./header";

/** The first block of an active list; 0 if it is empty. */
// @ts-ignore: decorator
@inline
export function popBlock(list: usize): usize {
  const block = load<usize>(list);
  if (block) store<usize>(list, load<usize>(block));
  return block;
}

/** free for the block of an object: in the fast path the meta word becomes 0 in the same store as the link. */
// @ts-ignore: decorator
@inline
export function giveBlock(object: usize): void {
  const record = MappedRecord.of(object);
  const live = record.live;
  if (live > 1) {
    store<u64>(object, record.freeList);
    record.freeList = <u32>object;
    record.live = live - 1;
  } else giveBlockSlow(object);
}

function giveBlockSlow(object: usize): void {
  setMeta(object, 0);
  releaseSlow(object);
}

/** Frees blocks that start on one page and are linked from `first` to `last`; none is nothing to do. */
export function giveBlocks(first: usize, last: usize, blocks: u32): void {
  if (blocks <= 1) {
    if (blocks) giveBlock(first);
    return;
  }
  const record = pageRecord(first);
  if (record.isPool && enter()) {
    freeList(record, first, last, blocks);
    leave();
  }
}
