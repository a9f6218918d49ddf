/**
 * The slots of an object, those of its fields and items that hold references, in the order in which deallocation releases them.
 * Records and item arrays have loops of their own; all other objects go item by item.
 */
import * as layout from "../../layout";
import { TypeDescriptor } from "../../layout";
import { fault } from "../../alloc/malloc";
import { headerOf, isShared, metaOf, setCount, setHeader } from "../core/header";

/** Where the walk through an object's slots begins: a place before its first slot. */
// @ts-ignore: decorator
@inline
export function beforeFirst(object: usize, type: TypeDescriptor): usize {
  if (!(type.flags & layout.FLAG_ITEM_ARRAY)) return object;
  return itemsOf(object, type) + ((<usize>load<u32>(object + type.lengthOffset)) << 2);
}

/** Releases the references after `slot`. The slot of the first child that has to die by the walk, or 0. */
// @ts-ignore: decorator
@inline
export function releaseAfter(object: usize, type: TypeDescriptor, slot: usize): usize {
  if (type.flags & layout.FLAG_ITEM_ARRAY) {
    const items = itemsOf(object, type);
    while (slot > items) {
      slot -= 4;
      const child = load<usize>(slot);
      if (child && drop(child)) return slot;
    }
    return 0;
  }
  if (type.flags & (layout.FLAG_ITEMS_REF | layout.FLAG_ENTRIES)) return releaseItems(object, type, slot);
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
  const meta = (metaOf(object) | layout.META_DYING) & ~layout.META_TRACKED;
  // At once, as it is read: see gc/visit.ts.
  setHeader(object, ((<u64>meta) << 32) | via);
  if (via) store<u32>(via, <u32>parent);
}

/** Is there anything left to release after `slot`? */
// @ts-ignore: decorator
@inline
export function ownsAfter(object: usize, type: TypeDescriptor, slot: usize): bool {
  if (type.flags & layout.FLAG_ITEM_ARRAY) {
    const items = itemsOf(object, type);
    while (slot > items) {
      slot -= 4;
      if (load<u32>(slot)) return true;
    }
    return false;
  }
  if (type.flags & (layout.FLAG_ITEMS_REF | layout.FLAG_ENTRIES)) return nextItem(object, type, slot) != 0;
  const chain = type.chain;
  let offset = slot - object;
  while ((offset = load<u16>(chain + (offset >>> 1)))) {
    if (load<u32>(object + offset)) return true;
  }
  return false;
}

function releaseItems(object: usize, type: TypeDescriptor, slot: usize): usize {
  while ((slot = nextItem(object, type, slot))) {
    const child = load<usize>(slot);
    if (child && drop(child)) return slot;
  }
  return 0;
}

/** The slot after `slot` of an object with items; 0 after the last one. */
function nextItem(object: usize, type: TypeDescriptor, slot: usize): usize {
  const items = itemsOf(object, type);
  const length = <usize>load<u32>(object + type.lengthOffset);
  if (type.flags & layout.FLAG_ENTRIES) {
    if (slot == object) return length ? items + layout.ENTRY_KEY : 0;
    if ((slot - items) % layout.ENTRY_BYTES == layout.ENTRY_KEY) return slot + 4;
    const next = slot + (layout.ENTRY_BYTES - 4);
    return next < items + length * layout.ENTRY_BYTES ? next : 0;
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
export function itemsOf(object: usize, type: TypeDescriptor): usize {
  const items = object + type.itemsOffset;
  return type.flags & layout.FLAG_BUFFER ? <usize>load<u32>(items) : items;
}

/** The raw block that the word at `offset` of an object points to; 0 if there is none, or the items are inside. */
// @ts-ignore: decorator
@inline
export function bufferAt(object: usize, offset: usize): usize {
  const buffer = <usize>load<u32>(object + offset);
  return buffer == object + layout.LIST_BYTES ? 0 : buffer;
}

/** Takes one reference from a child; true if it is the last, which stays. */
// @ts-ignore: decorator
@inline
function drop(child: usize): bool {
  const header = headerOf(child);
  if (isShared(header)) {
    if (<i32>header < layout.COUNT_LIMIT) setCount(child, <i32>header - 1);
    return false;
  }
  if (<i32>header == 1) return true;
  fault(layout.FAULT_DOUBLE_FREE, child);
  return false;
}
