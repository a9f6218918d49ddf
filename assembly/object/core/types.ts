/**
 * Types are data: a descriptor says how large an instance is, which of its words are references and in which order
 * they are released, so that traversal is a loop over offsets and calls nothing.
 */
import {
  CLASS_NONE,
  DOMAIN_OBJECT,
  FAULT_ARGUMENT,
  FAULT_RANGE,
  FLAG_BUFFER,
  FLAG_CONTAINER,
  FLAG_ENTRIES,
  FLAG_FINALIZER,
  FLAG_ITEMS_REF,
  FLAG_PAIR,
  FLAG_ITEM_ARRAY,
  FLAG_WEAKREF,
  MEDIUM_LIMIT,
  META_FINALIZER,
  META_LEAF,
  META_TRACKED,
  OBJECT_FIELDS,
  SMALL_LIMIT,
  STATE_ACTIVE,
  STATE_HOSTED,
  STATE_SENTINEL,
  STATE_TYPES,
  STATE_TYPE_CAPACITY,
  STATE_TYPE_COUNT,
  SCAN_BUFFER,
  SCAN_FIELDS,
  SCAN_ITEMS,
  SCAN_PIECES,
  SCAN_X,
  SCAN_Y_SHIFT,
  TYPE_ACTIVE,
  TYPE_CHAIN,
  TYPE_CLASS,
  TYPE_FLAGS,
  TYPE_FREE_CAP,
  TYPE_FREE_COUNT,
  TYPE_FREE_HEAD,
  TYPE_ITEMS,
  TYPE_ITEM_BYTES,
  TYPE_LENGTH,
  TYPE_LIMIT,
  TYPE_META,
  TYPE_OFFSETS,
  TYPE_OWNED,
  TYPE_REFS,
  TYPE_SCAN,
  TYPE_SIZE,
  TYPE_SIZE_LIMIT,
  TYPE_TUPLE,
  TYPE_WEAK,
} from "../../layout";
import { STATE, setWord, word } from "../../state";
import { steppedClass } from "../../alloc/classes";
import { fault } from "../../alloc/malloc";
import { classSlot } from "../../alloc/pools";
import { giveBuffer, resizeBuffer, takeZeroed } from "./buffers";
import { descriptor } from "./header";

/** Entries of the first type table. */
const FIRST_CAPACITY: u32 = 64;

/** A blank descriptor for instances of `size` bytes with `refs` reference slots; the host fills it in. */
export function newType(size: u32, refs: u32): usize {
  if (size < OBJECT_FIELDS || size >= TYPE_SIZE_LIMIT || size & 3 || refs > (size - OBJECT_FIELDS) >>> 2) {
    fault(FAULT_ARGUMENT, 0);
    return 0;
  }
  // Here, where the caller can make memory free and try again.
  const count = word(STATE_TYPE_COUNT);
  if (count >= word(STATE_TYPE_CAPACITY) && count < TYPE_LIMIT && !growTable()) return 0;
  const type = takeZeroed(TYPE_OFFSETS + (refs << 2) + (size >>> 1));
  if (!type) return 0;
  store<u32>(type, size, TYPE_SIZE);
  store<u32>(type, refs, TYPE_REFS);
  store<u32>(type, <u32>type + TYPE_OFFSETS + (refs << 2), TYPE_CHAIN);
  return type;
}

/** Gives a descriptor its id and derives what the fast paths read. The id, or 0. A refused descriptor is released. */
export function defineType(type: usize): u32 {
  const id = word(STATE_TYPE_COUNT);
  let wrong = isSound(type) ? 0 : FAULT_ARGUMENT;
  if (!wrong && id >= TYPE_LIMIT) wrong = FAULT_RANGE;
  if (wrong) fault(wrong, type);
  if (wrong || (id >= word(STATE_TYPE_CAPACITY) && !growTable())) {
    giveBuffer(type);
    return 0;
  }
  writeChain(type);
  let flags = load<u32>(type, TYPE_FLAGS);
  const refs = load<u32>(type, TYPE_REFS);
  const owned =
    flags & (FLAG_ITEMS_REF | FLAG_BUFFER | FLAG_ENTRIES | FLAG_WEAKREF) ? u32.MAX_VALUE : refs << 2;
  store<u32>(type, owned, TYPE_OWNED);
  if (flags & FLAG_ITEMS_REF && !refs) flags |= FLAG_ITEM_ARRAY;
  else if (owned - 1 < 8 && isPair(type)) flags |= FLAG_PAIR;
  store<u32>(type, flags, TYPE_FLAGS);
  let meta = id;
  if (flags & FLAG_CONTAINER) meta |= META_TRACKED;
  if (flags & FLAG_FINALIZER) {
    meta |= META_FINALIZER;
    setWord(STATE_HOSTED, 1);
  }
  if (!owned) meta |= META_LEAF;
  store<u32>(type, meta, TYPE_META);
  const c = instanceClass(type, flags);
  store<u32>(type, c, TYPE_CLASS);
  // Without a class of its own a type looks at a word that is always 0: the slow path serves it.
  const active = c ? STATE_ACTIVE + <u32>classSlot(domainOf(flags), c) : STATE_SENTINEL;
  store<u32>(type, <u32>STATE + active, TYPE_ACTIVE);
  store<u32>(type, 0, TYPE_FREE_HEAD);
  store<u32>(type, 0, TYPE_FREE_COUNT);
  store<u32>(type, scanWord(type, flags), TYPE_SCAN);
  // A private list holds blocks that serve any instance without items; tuples have one for each length.
  if (!c && id != TYPE_TUPLE) store<u32>(type, 0, TYPE_FREE_CAP);
  store<u32>(<usize>word(STATE_TYPES) + ((<usize>id) << 2), <u32>type);
  setWord(STATE_TYPE_COUNT, id + 1);
  return id;
}

// @ts-ignore: decorator
@inline
export function domainOf(flags: u32): u32 {
  return DOMAIN_OBJECT + (flags & FLAG_CONTAINER);
}

/** Size class of an object of `bytes` bytes; CLASS_NONE above 32 KiB. */
export function objectClass(bytes: usize): u32 {
  if (bytes <= SMALL_LIMIT) return (<u32>(bytes + 7)) >>> 3;
  return bytes <= MEDIUM_LIMIT ? steppedClass(bytes) : CLASS_NONE;
}

function instanceClass(type: usize, flags: u32): u32 {
  if (load<u32>(type, TYPE_ITEM_BYTES) && !(flags & FLAG_BUFFER)) return CLASS_NONE;
  return objectClass(load<u32>(type, TYPE_SIZE));
}

/** Are the one or two reference slots of a type among the first two words? */
function isPair(type: usize): bool {
  const last = type + load<u32>(type, TYPE_OWNED) - 4;
  return max(load<u32>(type, TYPE_OFFSETS), load<u32>(last, TYPE_OFFSETS)) < OBJECT_FIELDS + 8;
}

/** Every offset is that of a word of an instance. */
function isSound(type: usize): bool {
  const size = load<u32>(type, TYPE_SIZE);
  const refs = load<u32>(type, TYPE_REFS);
  for (let i: u32 = 0; i < refs; i++) {
    if (!isField(load<u32>(type + ((<usize>i) << 2), TYPE_OFFSETS), size)) return false;
  }
  const weak = load<u32>(type, TYPE_WEAK);
  if (weak && !isField(weak, size)) return false;
  if (!load<u32>(type, TYPE_ITEM_BYTES)) return true;
  if (!isField(load<u32>(type, TYPE_LENGTH), size)) return false;
  if (load<u32>(type, TYPE_FLAGS) & FLAG_BUFFER) return isField(load<u32>(type, TYPE_ITEMS), size);
  return load<u32>(type, TYPE_ITEMS) >= size;
}

function isField(offset: u32, size: u32): bool {
  return offset >= OBJECT_FIELDS && offset + 4 <= size && !(offset & 3);
}

/** Says where the references are, if that fits one word. */
function scanWord(type: usize, flags: u32): u32 {
  const refs = load<u32>(type, TYPE_REFS);
  if (flags & FLAG_ENTRIES) return SCAN_PIECES;
  if (flags & FLAG_ITEMS_REF) {
    const items = load<u32>(type, TYPE_ITEMS);
    if (refs || items & ~SCAN_X) return SCAN_PIECES;
    const kind = flags & FLAG_BUFFER ? SCAN_BUFFER : SCAN_ITEMS;
    return kind | items | (load<u32>(type, TYPE_LENGTH) << SCAN_Y_SHIFT);
  }
  const first = load<u32>(type, TYPE_OFFSETS);
  for (let i: u32 = 1; i < refs; i++) {
    if (load<u32>(type + ((<usize>i) << 2), TYPE_OFFSETS) != first + (i << 2)) return SCAN_PIECES;
  }
  return refs ? SCAN_FIELDS | first | (refs << (SCAN_Y_SHIFT + 2)) : SCAN_FIELDS;
}

function writeChain(type: usize): void {
  const chain = <usize>load<u32>(type, TYPE_CHAIN);
  const refs = load<u32>(type, TYPE_REFS);
  let before: u32 = 0;
  for (let i: u32 = 0; i < refs; i++) {
    const offset = load<u32>(type + ((<usize>i) << 2), TYPE_OFFSETS);
    store<u16>(chain + (before >>> 1), <u16>offset);
    before = offset;
  }
}

function growTable(): bool {
  const old = word(STATE_TYPE_CAPACITY);
  const capacity = old ? old << 1 : FIRST_CAPACITY;
  const table = resizeBuffer(word(STATE_TYPES), capacity << 2);
  if (!table) return false;
  memory.fill(table + ((<usize>old) << 2), 0, (capacity - old) << 2);
  setWord(STATE_TYPES, <u32>table);
  setWord(STATE_TYPE_CAPACITY, capacity);
  if (!old) setWord(STATE_TYPE_COUNT, 1);
  return true;
}

/** Makes the first type table, before any type is defined. */
export function startTypes(): bool {
  return word(STATE_TYPES) != 0 || growTable();
}

/** True if the id names a type. */
export function isType(id: u32): bool {
  return id != 0 && id < word(STATE_TYPE_COUNT) && descriptor(id) != 0;
}
