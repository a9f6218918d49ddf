/**
 * The slots of an object, those of its fields and items that hold references, in the order in which death releases them.
 * Of records and of rows of items, the fast ways; of all other objects item by item.
 */
import {
  COUNT_LIMIT,
  ENTRY_BYTES,
  ENTRY_KEY,
  FAULT_DOUBLE_FREE,
  FLAG_BUFFER,
  FLAG_ENTRIES,
  FLAG_ITEMS_REF,
  FLAG_ITEM_ARRAY,
  LIST_BYTES,
  META_DYING,
  META_TRACKED,
  TypeDescriptor,
} from "../../layout";
import { fault } from "../../alloc/malloc";
import { isShared, metaOf } from "../core/header";

/** Where the walk through an object's slots begins: a place before its first slot. */
// @ts-ignore: decorator
@inline
export function beforeFirst(object: usize, type: TypeDescriptor, flags: u32): usize {
  if (!(flags & FLAG_ITEM_ARRAY)) return object;
  return itemsOf(object, type, flags) + ((<usize>load<u32>(object + type.lengthOffset)) << 2);
}

/** Releases the references after `slot`. The slot of the first child that has to die by the walk, or 0. */
// @ts-ignore: decorator
@inline
export function releaseAfter(object: usize, type: TypeDescriptor, flags: u32, slot: usize): usize {
  if (flags & FLAG_ITEM_ARRAY) {
    const items = itemsOf(object, type, flags);
    while (slot > items) {
      slot -= 4;
      const child = <usize>load<u32>(slot);
      if (child && drop(child)) return slot;
    }
    return 0;
  }
  if (flags & (FLAG_ITEMS_REF | FLAG_ENTRIES)) return releaseItems(object, type, flags, slot);
  const chain = type.chain;
  let offset = slot - object;
  while ((offset = load<u16>(chain + (offset >>> 1)))) {
    const child = <usize>load<u32>(object + offset);
    if (child && drop(child)) return object + offset;
  }
  return 0;
}

/** Marks an object as dying and writes down where the walk came from: its slot in `parent`, which keeps the parent. */
// @ts-ignore: decorator
@inline
export function link(object: usize, via: usize, parent: usize): void {
  const meta = (metaOf(object) | META_DYING) & ~META_TRACKED;
  // At once, as it is read: see gc/visit.ts.
  store<u64>(object, ((<u64>meta) << 32) | via);
  if (via) store<u32>(via, <u32>parent);
}

/** Is there anything left to release after `slot`? */
// @ts-ignore: decorator
@inline
export function ownsAfter(object: usize, type: TypeDescriptor, flags: u32, slot: usize): bool {
  if (flags & FLAG_ITEM_ARRAY) {
    const items = itemsOf(object, type, flags);
    while (slot > items) {
      slot -= 4;
      if (load<u32>(slot)) return true;
    }
    return false;
  }
  if (flags & (FLAG_ITEMS_REF | FLAG_ENTRIES)) return nextItem(object, type, flags, slot) != 0;
  const chain = type.chain;
  let offset = slot - object;
  while ((offset = load<u16>(chain + (offset >>> 1)))) {
    if (load<u32>(object + offset)) return true;
  }
  return false;
}

function releaseItems(object: usize, type: TypeDescriptor, flags: u32, slot: usize): usize {
  while ((slot = nextItem(object, type, flags, slot))) {
    const child = <usize>load<u32>(slot);
    if (child && drop(child)) return slot;
  }
  return 0;
}

/** The slot after `slot` of an object with items; 0 after the last one. */
function nextItem(object: usize, type: TypeDescriptor, flags: u32, slot: usize): usize {
  const items = itemsOf(object, type, flags);
  const length = <usize>load<u32>(object + type.lengthOffset);
  if (flags & FLAG_ENTRIES) {
    if (slot == object) return length ? items + ENTRY_KEY : 0;
    if ((slot - items) % ENTRY_BYTES == ENTRY_KEY) return slot + 4;
    const next = slot + (ENTRY_BYTES - 4);
    return next < items + length * ENTRY_BYTES ? next : 0;
  }
  if (slot - object < <usize>type.size) {
    const offset = <usize>load<u16>(type.chain + ((slot - object) >>> 1));
    if (offset) return object + offset;
    return length ? items + (length << 2) - 4 : 0;
  }
  return slot > items ? slot - 4 : 0;
}

// @ts-ignore: decorator
@inline
export function itemsOf(object: usize, type: TypeDescriptor, flags: u32): usize {
  const items = object + type.itemsOffset;
  return flags & FLAG_BUFFER ? <usize>load<u32>(items) : items;
}

/** The raw block that the word at `offset` of an object points to; 0 if there is none, or the items are inside. */
// @ts-ignore: decorator
@inline
export function bufferAt(object: usize, offset: usize): usize {
  const buffer = <usize>load<u32>(object + offset);
  return buffer == object + LIST_BYTES ? 0 : buffer;
}

/** Takes one reference from a child; true if it is the last, which stays. */
// @ts-ignore: decorator
@inline
function drop(child: usize): bool {
  const header = load<u64>(child);
  if (isShared(header)) {
    if (<i32>header < COUNT_LIMIT) store<i32>(child, <i32>header - 1);
    return false;
  }
  if (<i32>header == 1) return true;
  fault(FAULT_DOUBLE_FREE, child);
  return false;
}
