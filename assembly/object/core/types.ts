/**
 * Types are data: a descriptor says how large an instance is, which of its words are references and in which order
 * they are released, so that traversal is a loop over offsets and calls nothing.
 */
import * as layout from "../../layout";
import { TypeDescriptor } from "../../layout";
import { STATE, objects } from "../../state";
import { steppedClass } from "../../alloc/classes";
import { fault, refuse } from "../../alloc/malloc";
import { classSlot } from "../../alloc/pools";
import { giveBuffer, resizeBuffer, takeZeroed } from "./buffers";
import { typeById } from "./header";

/** Entries of the first type table. */
const FIRST_CAPACITY: u32 = 64;

/**
 * Address of a blank descriptor for instances of `size` bytes with `refs` reference slots; the host fills it in. Some of
 * them may be made slots of blocks, the last ones.
 */
export function newType(size: u32, refs: u32): usize {
  if (
    size < layout.OBJECT_FIELDS ||
    size >= layout.TYPE_SIZE_LIMIT ||
    size & 3 ||
    refs > (size - layout.OBJECT_FIELDS) >>> 2
  )
    return refuse(layout.FAULT_ARGUMENT, 0);
  // Here, where the caller can make memory free and try again.
  const count = objects.typeCount;
  if (count >= objects.typeCapacity && count < layout.TYPE_LIMIT && !growTable()) return 0;
  const block = takeZeroed(layout.TYPE_OFFSETS + (refs << 2) + (size >>> 1));
  if (!block) return 0;
  const type = changetype<TypeDescriptor>(block);
  type.size = size;
  type.refs = refs;
  type.chain = block + layout.TYPE_OFFSETS + (refs << 2);
  return block;
}

/** Gives a descriptor its id and derives what the fast paths read. The id, or 0. A refused descriptor is released. */
export function defineType(type: TypeDescriptor): u32 {
  const id = objects.typeCount;
  let wrong = isSound(type) ? 0 : layout.FAULT_ARGUMENT;
  if (!wrong && id >= layout.TYPE_LIMIT) wrong = layout.FAULT_RANGE;
  if (wrong) fault(wrong, changetype<usize>(type));
  if (wrong || (id >= objects.typeCapacity && !growTable())) {
    giveBuffer(changetype<usize>(type));
    return 0;
  }
  writeChain(type);
  let flags = type.flags;
  const refs = type.refs;
  if (type.blocks) flags |= layout.FLAG_BLOCKS;
  type.flags = flags;
  let meta = id;
  if (flags & layout.FLAG_CONTAINER) meta |= layout.META_TRACKED;
  if (flags & layout.FLAG_FINALIZER) {
    meta |= layout.META_FINALIZER;
    objects.hosted = 1;
  }
  const owns =
    layout.FLAG_ITEMS_REF |
    layout.FLAG_BUFFER |
    layout.FLAG_ENTRIES |
    layout.FLAG_WEAKREF |
    layout.FLAG_BLOCKS;
  if (!refs && !(flags & owns)) meta |= layout.META_LEAF;
  type.meta = meta;
  const c = type.itemBytes && !(flags & layout.FLAG_BUFFER) ? layout.CLASS_NONE : objectClass(type.size);
  type.sizeClass = c;
  // Without a class of its own a type looks at a word that is always 0: the slow path serves it.
  type.active = STATE + (c ? layout.STATE_ACTIVE + classSlot(type.domain, c) : <usize>layout.STATE_SENTINEL);
  type.freeFirst = 0;
  type.freeCount = 0;
  type.scan = scanWord(type, flags);
  // A private list holds blocks that serve any instance without items; tuples have one for each length.
  if (!c && id != layout.TYPE_TUPLE) type.freeCap = 0;
  store<TypeDescriptor>(objects.types + (id << 2), type);
  objects.typeCount = id + 1;
  return id;
}

/** True if the id names a type. */
export function isType(id: u32): bool {
  return id != 0 && id < objects.typeCount && changetype<usize>(typeById(id)) != 0;
}

/** Size class of an object of `bytes` bytes; CLASS_NONE above 32 KiB. */
export function objectClass(bytes: usize): u32 {
  if (bytes <= layout.SMALL_LIMIT) return (<u32>bytes + 7) >>> 3;
  return bytes <= layout.MEDIUM_LIMIT ? steppedClass(bytes) : layout.CLASS_NONE;
}

/** Whether every offset is that of a word of an instance. */
function isSound(type: TypeDescriptor): bool {
  const size = type.size;
  for (let i: u32 = 0; i < type.refs + type.blocks; i++) {
    if (!isField(type.refOffset(i), size)) return false;
  }
  if (type.weakOffset && !isField(type.weakOffset, size)) return false;
  if (!type.itemBytes) return true;
  if (!isField(type.lengthOffset, size)) return false;
  return type.flags & layout.FLAG_BUFFER ? isField(type.itemsOffset, size) : type.itemsOffset >= size;
}

function isField(offset: u32, size: u32): bool {
  return offset >= layout.OBJECT_FIELDS && offset + 4 <= size && !(offset & 3);
}

/** Says where the references are, if that fits one word. */
function scanWord(type: TypeDescriptor, flags: u32): u32 {
  const refs = type.refs;
  if (flags & layout.FLAG_ENTRIES) return layout.SCAN_PIECES;
  if (flags & layout.FLAG_ITEMS_REF) {
    if (refs || type.itemsOffset & ~layout.SCAN_X) return layout.SCAN_PIECES;
    const kind = flags & layout.FLAG_BUFFER ? layout.SCAN_BUFFER : layout.SCAN_ITEMS;
    return kind | type.itemsOffset | (type.lengthOffset << layout.SCAN_Y_SHIFT);
  }
  const first = type.refOffset(0);
  for (let i: u32 = 1; i < refs; i++) {
    if (type.refOffset(i) != first + (i << 2)) return layout.SCAN_PIECES;
  }
  return refs ? layout.SCAN_FIELDS | first | (refs << (layout.SCAN_Y_SHIFT + 2)) : layout.SCAN_FIELDS;
}

function writeChain(type: TypeDescriptor): void {
  let before: u32 = 0;
  for (let i: u32 = 0; i < type.refs; i++) {
    const offset = type.refOffset(i);
    store<u16>(type.chain + (before >>> 1), <u16>offset);
    before = offset;
  }
}

/** Makes the first type table, before any type is defined. */
export function startTypes(): bool {
  return objects.types != 0 || growTable();
}

function growTable(): bool {
  const old = objects.typeCapacity;
  const capacity = old ? old << 1 : FIRST_CAPACITY;
  const table = resizeBuffer(objects.types, capacity << 2);
  if (!table) return false;
  memory.fill(table + (old << 2), 0, (capacity - old) << 2);
  objects.types = table;
  objects.typeCapacity = capacity;
  if (!old) objects.typeCount = 1;
  return true;
}
