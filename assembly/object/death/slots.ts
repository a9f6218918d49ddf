/**
 * The slots of an object, those of its fields and items that hold references, in the order in which deallocation releases them.
 * The type's scan word tells runs of fields and arrays of items, which have loops of their own; all else goes slot by slot.
 */
import * as layout from "../../layout";
import { TypeDescriptor } from "../../layout";
import { objects } from "../../state";
import { headerOf, isShared, isTagged, linkTo, metaOf, setCount, setHeader } from "../core/header";

/** Where the walk through an object's slots begins: a place before its first slot. */
// @ts-ignore: decorator
@inline
export function beforeFirst(object: usize, type: TypeDescriptor): usize {
  const scan = type.scan;
  return isItems(scan) ? endOfItems(object, scan) : object;
}

/** Releases the references after `slot`. The slot of the first child that has to die by the walk, or 0. */
// @ts-ignore: decorator
@inline
export function releaseAfter(object: usize, type: TypeDescriptor, slot: usize): usize {
  const scan = type.scan;
  if (isItems(scan)) {
    const items = firstItem(object, scan);
    while (slot > items) {
      slot -= 4;
      const child = load<usize>(slot);
      if (child && drop(child)) return slot;
    }
    return 0;
  }
  if (!(scan & layout.SCAN_FIELDS)) return releasePieces(object, type, slot);
  const end = endOfFields(object, scan);
  for (slot = fieldAfter(object, scan, slot); slot < end; slot += 4) {
    const child = load<usize>(slot);
    if (child && drop(child)) return slot;
  }
  return 0;
}

/** Marks an object as dying and writes down where the walk came from: its slot in `parent`, which keeps the parent. */
// @ts-ignore: decorator
@inline
export function link(object: usize, via: usize, parent: usize): void {
  const meta = (metaOf(object) | layout.META_DYING) & ~layout.META_TRACKED;
  // At once, as it is read: see gc/pass/visit.ts.
  setHeader(object, ((<u64>meta) << 32) | linkTo(via));
  if (via) store<u32>(via, <u32>parent);
}

/** Whether anything is left to release after `slot`. */
// @ts-ignore: decorator
@inline
export function ownsAfter(object: usize, type: TypeDescriptor, slot: usize): bool {
  const scan = type.scan;
  if (isItems(scan)) {
    const items = firstItem(object, scan);
    while (slot > items) {
      slot -= 4;
      if (load<u32>(slot)) return true;
    }
    return false;
  }
  if (!(scan & layout.SCAN_FIELDS)) return nextPiece(object, type, slot) != 0;
  const end = endOfFields(object, scan);
  for (slot += 4; slot < end; slot += 4) {
    if (load<u32>(slot)) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
export function isItems(scan: u32): bool {
  return (scan & layout.SCAN_ITEMS) != 0;
}

// @ts-ignore: decorator
@inline
export function firstItem(object: usize, scan: u32): usize {
  const items = object + (scan & layout.SCAN_X);
  return scan & layout.SCAN_FIELDS ? load<usize>(items) : items;
}

// @ts-ignore: decorator
@inline
export function endOfItems(object: usize, scan: u32): usize {
  return firstItem(object, scan) + (load<usize>(object + (scan >>> layout.SCAN_Y_SHIFT)) << 2);
}

// @ts-ignore: decorator
@inline
export function firstField(object: usize, scan: u32): usize {
  return object + (scan & layout.SCAN_X);
}

// @ts-ignore: decorator
@inline
function fieldAfter(object: usize, scan: u32, slot: usize): usize {
  return slot == object ? firstField(object, scan) : slot + 4;
}

// @ts-ignore: decorator
@inline
export function endOfFields(object: usize, scan: u32): usize {
  return firstField(object, scan) + (scan >>> layout.SCAN_Y_SHIFT);
}

function releasePieces(object: usize, type: TypeDescriptor, slot: usize): usize {
  while ((slot = nextPiece(object, type, slot))) {
    const child = load<usize>(slot);
    if (child && drop(child)) return slot;
  }
  return 0;
}

/** The slot after `slot` of an object whose slots are no single run; 0 after the last one. */
function nextPiece(object: usize, type: TypeDescriptor, slot: usize): usize {
  const flags = type.flags;
  if (!(flags & layout.FLAG_ENTRIES) && slot - object < <usize>type.size) {
    const offset = <usize>load<u16>(type.chain + ((slot - object) >>> 1));
    if (offset) return object + offset;
    if (!(flags & layout.FLAG_ITEMS_REF)) return 0;
  }
  const items = itemsOf(object, type);
  const length = <usize>load<u32>(object + type.lengthOffset);
  if (flags & layout.FLAG_ENTRIES) {
    if (slot == object) return length ? items + layout.ENTRY_KEY : 0;
    if ((slot - items) % layout.ENTRY_BYTES == layout.ENTRY_KEY) return slot + 4;
    const next = slot + (layout.ENTRY_BYTES - 4);
    return next < items + length * layout.ENTRY_BYTES ? next : 0;
  }
  if (slot - object < <usize>type.size) return length ? items + (length << 2) - 4 : 0;
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
export function drop(child: usize): bool {
  if (isTagged(child)) return false;
  const header = headerOf(child);
  if (isShared(header)) {
    if (<i32>header < layout.COUNT_LIMIT) setCount(child, <i32>header - 1);
    return false;
  }
  if (<i32>header == 1) return true;
  objects.overreleased = child;
  return false;
}
