/**
 * The death that most objects die: nothing watches the object, and what it holds others hold as well, or owns nothing
 * itself. It is done without a call, so that nothing can end it half-way.
 *
 * A slot is cleared when it is released. Where the next step would take a call it stops, and the object owns what its slots
 * still say, to be released by the walk (death.ts). Who calls it sees to it that this cannot fail: a leaf is released whole
 * or not at all, for others there has to be room on the stack.
 */
import * as layout from "../../layout";
import { Dict, TypeDescriptor } from "../../layout";
import { objects, zeros } from "../../state";
import { fewerYoung } from "../core/alloc";
import { tryGiveBlock } from "../core/blocks";
import { giveBufferInline, isGivenAtOnce } from "../core/buffers";
import { cacheBlock } from "../core/free-lists";
import { headerOf, isShared, isTagged, setCount, typeByMeta } from "../core/header";
import { bufferAt, endOfFields, endOfItems, firstField, firstItem, isItems } from "./slots";

/** The last reference to an object that nothing watches, and that is not being finalized. */
const UNWATCHED_MASK: u64 = ((<u64>(layout.META_HOOKS | layout.META_FINALIZING)) << 32) | 0xffffffff;
const UNWATCHED: u64 = 1;
/** The same to one that owns nothing. */
const LEAF_MASK: u64 = ((<u64>(layout.META_LEAF | layout.META_HOOKS)) << 32) | 0xffffffff;
const LEAF: u64 = ((<u64>layout.META_LEAF) << 32) | 1;

/** What else than references and items objects may have to give back. */
const OTHER_OWNERS: u32 = layout.FLAG_WEAKREF | layout.FLAG_BLOCKS;

/** Releases the last reference to an object if it is the last one and the death takes no call; false if not. */
export function tryRelease(object: usize): bool {
  const header = headerOf(object);
  if ((header & UNWATCHED_MASK) != UNWATCHED || objects.critical | zeros.deferring) return false;
  return !tryFree(object, typeByMeta(<u32>(header >>> 32)));
}

/**
 * The death of an object that nothing watches. 0 if it is over; else the slot whose release would take a call, after the
 * others were released; the object itself if all were, or nothing was begun.
 */
export function tryFree(object: usize, type: TypeDescriptor): usize {
  const scan = type.scan;
  if (isItems(scan)) {
    const items = firstItem(object, scan);
    for (let slot = endOfItems(object, scan); slot > items;) {
      slot -= 4;
      if (!tryClear(slot)) return slot;
    }
  } else if (scan & layout.SCAN_FIELDS) {
    const end = endOfFields(object, scan);
    for (let slot = firstField(object, scan); slot < end; slot += 4) {
      if (!tryClear(slot)) return slot;
    }
  } else {
    if (!(type.flags & layout.FLAG_ENTRIES)) return object;
    const dict = changetype<Dict>(object);
    // Key, value, next entry's key …
    let slot = dict.table + layout.ENTRY_KEY;
    let step = layout.ENTRY_VALUE - layout.ENTRY_KEY;
    for (const end = slot + dict.filled * layout.ENTRY_BYTES; slot < end;) {
      if (!tryClear(slot)) return slot;
      slot += step;
      step = layout.ENTRY_BYTES - step;
    }
  }
  return tryGiveMemory(object, type) ? 0 : object;
}

// @ts-ignore: decorator
@inline
function tryClear(slot: usize): bool {
  const child = load<usize>(slot);
  if (!child || isTagged(child)) return true;
  const header = headerOf(child);
  if (isShared(header)) {
    if (<i32>header < layout.COUNT_LIMIT) setCount(child, <i32>header - 1);
  } else if ((header & LEAF_MASK) != LEAF || !tryGiveMemory(child, typeByMeta(<u32>(header >>> 32))))
    return false;
  store<u32>(slot, 0);
  return true;
}

/** Gives back the block of an object that owns nothing any more, and its buffer. */
// @ts-ignore: decorator
@inline
function tryGiveMemory(object: usize, type: TypeDescriptor): bool {
  const flags = type.flags;
  if (flags & OTHER_OWNERS) return false;
  let buffer: usize = 0;
  if (flags & layout.FLAG_BUFFER) {
    buffer = bufferAt(object, type.itemsOffset);
    if (buffer && !isGivenAtOnce(buffer)) return false;
  }
  if (!cacheBlock(object, type) && !tryGiveBlock(object)) return false;
  fewerYoung(flags & layout.FLAG_CONTAINER);
  // Blocks of objects lie on other pages: what was true of the buffer still is.
  if (buffer) giveBufferInline(buffer);
  return true;
}
