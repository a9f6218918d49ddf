/**
 * Links of free blocks: the first word of a block on a list leads to the next one of the same page, 0 at the end.
 *
 * In the hardened core it is encoded, so that what a program writes to a freed block leads nowhere:
 *
 *   first word = next ^ rotl(block, 16) ^ linkSecret
 *
 * (As SLUB's freelist_ptr of Linux and glibc's safe-linking do.) Decoded, a link has to be a multiple of 8 within the page of
 * its block: what was overwritten by chance passes that once in 2²³ times. And what is handed out has to look free: a raw
 * block has its mark, which a live one cannot have but by chance, an object's block no type. Else the rest of the list is
 * given up, and the fault is noted.
 */
import { DOMAIN_RAW, FAULT_CORRUPT, PAGE_SHIFT } from "../layout";
import { state } from "../state";
import { isMarked, unmark } from "./marks";

/** The block that follows; in a list that was overwritten any number. */
// @ts-ignore: decorator
@inline
export function linkOf(block: usize): usize {
  return isDefined(TALLYHEAP_HARDENED) ? <usize>(load<u32>(block) ^ codeOf(block)) : <usize>load<u32>(block);
}

// @ts-ignore: decorator
@inline
export function setLink(block: usize, next: usize): void {
  store<u32>(block, isDefined(TALLYHEAP_HARDENED) ? (<u32>next) ^ codeOf(block) : <u32>next);
}

/** Takes the first block off the list whose head stands at an address; 0 if it is empty or was overwritten. */
// @ts-ignore: decorator
@inline
export function pop(list: usize, domain: u32): usize {
  const block = <usize>load<u32>(list);
  if (isDefined(TALLYHEAP_HARDENED)) return block ? popProved(list, block, domain) : 0;
  if (block) store<u32>(list, load<u32>(block));
  return block;
}

/** The same of the hardened core: `block` is the list's head. */
// @ts-ignore: decorator
@inline
export function popProved(list: usize, block: usize, domain: u32): usize {
  const next = linkOf(block);
  // By branches and not by a selection, so that the next block is not waited for until all is proved.
  if (domain == DOMAIN_RAW ? !isMarked(block) : load<u32>(block, 4)) return giveUp(list, block);
  if (next && ((next ^ block) >>> PAGE_SHIFT) | (next & 7)) return giveUp(list, block);
  store<u32>(list, <u32>next);
  if (domain == DOMAIN_RAW) unmark(block);
  return block;
}

/** What is left of a list cannot be trusted. */
function giveUp(list: usize, block: usize): usize {
  store<u32>(list, 0);
  state.fault = FAULT_CORRUPT;
  state.faultAddress = <u32>block;
  return 0;
}

// @ts-ignore: decorator
@inline
function codeOf(block: usize): u32 {
  return rotl<u32>(<u32>block, 16) ^ state.linkSecret;
}
