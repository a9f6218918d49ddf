/**
 * Blocks of objects, and of what they hold their items in, as they come from active lists and go back to their pools:
 * the fast paths of malloc and free (alloc/malloc.ts) for callers that must not call, and the meta word that is 0 in
 * every block that is no object.
 */
import { DOMAIN_OBJECT, DOMAIN_RAW } from "../../layout";
import { state } from "../../state";
import { wipe } from "../../alloc/hardening";
import { pop, setLink } from "../../alloc/links";
import { enter, free, leave, releaseSlow, usableSize } from "../../alloc/malloc";
import { MappedRecord, pageRecord } from "../../alloc/pages";
import { freeList } from "../../alloc/pools";
import { setMeta } from "./header";

/** The first block of an active list; 0 if it is empty. */
// @ts-ignore: decorator
@inline
export function popBlock(list: usize, domain: u32 = DOMAIN_OBJECT): usize {
  return pop(list, domain);
}

/** free for the block of an object: in the fast path the meta word becomes 0 in the same store as the link. */
// @ts-ignore: decorator
@inline
export function giveBlock(object: usize): void {
  if (!tryGiveBlock(object)) giveBlockSlow(object);
}

/** The same if it takes no call; false if it would. */
// @ts-ignore: decorator
@inline
export function tryGiveBlock(object: usize): bool {
  if (isDefined(TALLYHEAP_HARDENED) && state.zeroOnFree) return false;
  const record = MappedRecord.of(object);
  const live = record.live;
  if (live <= 1) return false;
  if (isDefined(TALLYHEAP_HARDENED)) {
    setMeta(object, 0);
    setLink(object, record.freeList);
  } else store<u64>(object, record.freeList);
  record.freeList = <u32>object;
  record.live = live - 1;
  return true;
}

function giveBlockSlow(object: usize): void {
  setMeta(object, 0);
  if (isDefined(TALLYHEAP_HARDENED) && state.zeroOnFree) wipe(object, usableSize(object));
  releaseSlow(object);
}

/** Frees blocks that start on one page and are linked from `first` to `last`; none is nothing to do. */
export function giveBlocks(first: usize, last: usize, blocks: u32): void {
  if (isDefined(TALLYHEAP_HARDENED)) {
    giveEach(first, blocks);
    return;
  }
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

/** The hardened core's giveBlocks(): the links between them have no code yet, and raw blocks no mark. */
function giveEach(first: usize, blocks: u32): void {
  for (let block = first; blocks; blocks--) {
    const next = load<usize>(block);
    if (pageRecord(block).domain == DOMAIN_RAW) free(block);
    else giveBlock(block);
    block = next;
  }
}
