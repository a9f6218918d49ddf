/** Blocks for objects: from the lists of the bytes layer, kept apart from those of raw blocks by their domain. */
import { ARENA_SHIFT, DOMAIN_OBJECT, MEDIUM_LIMIT, PAGE_SHIFT, SMALL_LIMIT } from "../layout";
import { STATE, activeBounds, activeLists, state } from "../state";
import * as layout from "../layout";
import { ensureReady } from "../alloc/arenas";
import { classBytes } from "../alloc/classes";
import { zeroBytes } from "../alloc/copy";
import { pageRecord } from "../alloc/pages";
import { refill } from "../alloc/pools";
import { pagesFor, resizeSpan, takeSpan } from "../alloc/spans";
import { markBlock, markList } from "./marks";
import { HEADER_BYTES, objectClass, objectSlot } from "./object";
import { PHASE_IDLE, runtime } from "./state";

/** Payloads that the fast path serves. */
export const SMALL_PAYLOAD: usize = <usize>SMALL_LIMIT - HEADER_BYTES;

/**
 * Takes a block for a payload of at most SMALL_PAYLOAD bytes off its class's list; 0 if that is empty. An empty payload
 * finds the list of 8-byte blocks, which always is.
 */
// @ts-ignore: decorator
@inline
export function takeListed(size: usize): usize {
  const slot = ((size + (HEADER_BYTES + 7)) >>> 1) & ~3;
  const head = STATE + layout.STATE_ACTIVE + ((DOMAIN_OBJECT * layout.CLASS_SLOTS) << 2);
  const block = <usize>load<u32>(slot, head);
  if (block) store<u32>(slot, load<u32>(block), head);
  return block;
}

/** Writes the header, and zeroes over the payload. */
// @ts-ignore: decorator
@inline
export function makeObject(block: usize, size: usize, id: u32): usize {
  store<u64>(block, ((<u64>size) << 32) | (<u64>id));
  zeroBytes(block + HEADER_BYTES, size);
  return block + HEADER_BYTES;
}

/** An object of any size, without a collection; 0 if memory is out. */
export function takeObject(size: usize, id: u32): usize {
  const bytes = size + HEADER_BYTES;
  if (bytes > MEDIUM_LIMIT) return takeLarge(bytes, id);
  const c = objectClass(bytes);
  const slot = objectSlot(c);
  let block = <usize>activeLists[slot];
  if (block) {
    activeLists[slot] = load<u32>(block);
  } else {
    block = refill(DOMAIN_OBJECT, c);
    if (!block) return 0;
    runtime.taken += <usize>activeBounds[slot] * classBytes(c);
    if (runtime.phase != PHASE_IDLE) {
      markBlock(block);
      markList(activeLists[slot]);
    }
  }
  return makeObject(block, size, id);
}

function takeLarge(bytes: usize, id: u32): usize {
  ensureReady();
  const virgin = (<usize>state.virgin) << ARENA_SHIFT;
  const pages = pagesFor(bytes);
  const span = takeSpan(pages, 1, DOMAIN_OBJECT);
  if (!span) return 0;
  runtime.taken += (<usize>pages) << PAGE_SHIFT;
  if (runtime.phase != PHASE_IDLE) markBlock(span);
  store<u64>(span, ((<u64>(bytes - HEADER_BYTES)) << 32) | (<u64>id));
  const object = span + HEADER_BYTES;
  // What lies above the old virgin mark was never handed out and reads as zero.
  if (span < virgin) memory.fill(object, 0, min(span + bytes, virgin) - object);
  return object;
}

/** Gives a block room for `bytes` bytes where it is, if it has or can get it. */
export function resizeBlock(block: usize, bytes: usize): bool {
  const record = pageRecord(block);
  if (record.isPool) return bytes <= <usize>classBytes(record.sizeClass);
  const old = record.spanPages;
  if (!resizeSpan(block, pagesFor(bytes))) return false;
  const now = record.spanPages;
  if (now > old) runtime.taken += (<usize>(now - old)) << PAGE_SHIFT;
  return true;
}
