/** The first use of the object layer: built-in types, singletons, small ints. A heap of raw bytes only never pays. */
import {
  BYTES_DATA,
  BYTES_LENGTH,
  DICT_BYTES,
  DICT_CAP,
  DICT_FILLED,
  DICT_TABLE,
  ENTRY_BYTES,
  FAULT_MEMORY,
  FAULT_NONE,
  FLAG_BUFFER,
  FLAG_CONTAINER,
  FLAG_ENTRIES,
  FLAG_ITEMS_REF,
  FLAG_WEAKREF,
  FLOAT_CAP,
  Float,
  INT_CAP,
  Int,
  LIST_BYTES,
  LIST_CAP,
  LIST_ITEMS,
  LIST_LENGTH,
  META_TRACKED,
  OBJECT_FIELDS,
  ObjectState,
  SMALL_INTS,
  SMALL_INT_FIRST,
  STATE_OBJECT,
  STATE_OBJECT_END,
  STATE_SMALL_INTS,
  STR_DATA,
  STR_LENGTH,
  TUPLE_CAP,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TYPE_BOOL,
  TYPE_BYTES,
  TYPE_DICT,
  TYPE_FIRST,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_STR,
  TYPE_TUPLE,
  TYPE_WEAKREF,
  TypeDescriptor,
  WEAKREF_BYTES,
} from "../../layout";
import { STATE, objects } from "../../state";
import { allocate } from "../core/alloc";
import { makeImmortal, metaOf, setMeta } from "../core/header";
import { defineType, newType, startTypes } from "../core/types";

/** FAULT_NONE or FAULT_MEMORY; may be called again after either. */
export function start(): u32 {
  if (objects.emptyTuple) return FAULT_NONE;
  if (!startTypes() || !startBuiltins() || !startValues()) return FAULT_MEMORY;
  objects.youngCount = 0;
  return FAULT_NONE;
}

/** The heap was emptied: no object and no type is left. */
export function forget(): void {
  memory.fill(STATE + STATE_OBJECT, 0, STATE_OBJECT_END - STATE_OBJECT);
}

// ---- types ----

function startBuiltins(): bool {
  const tuples = FLAG_CONTAINER | FLAG_ITEMS_REF;
  const lists = FLAG_CONTAINER | FLAG_ITEMS_REF | FLAG_BUFFER;
  const dicts = FLAG_CONTAINER | FLAG_ENTRIES | FLAG_BUFFER;
  const ok =
    builtin(TYPE_NONE, OBJECT_FIELDS, 0, 0) &&
    builtin(TYPE_BOOL, offsetof<Int>(), 0, 0) &&
    builtin(TYPE_INT, offsetof<Int>(), 0, INT_CAP) &&
    builtin(TYPE_FLOAT, offsetof<Float>(), 0, FLOAT_CAP) &&
    builtin(TYPE_STR, STR_DATA, 0, 0, 1, STR_DATA, STR_LENGTH) &&
    builtin(TYPE_BYTES, BYTES_DATA, 0, 0, 1, BYTES_DATA, BYTES_LENGTH) &&
    builtin(TYPE_TUPLE, TUPLE_ITEMS, tuples, TUPLE_CAP, 4, TUPLE_ITEMS, TUPLE_LENGTH) &&
    builtin(TYPE_LIST, LIST_BYTES, lists, LIST_CAP, 4, LIST_ITEMS, LIST_LENGTH) &&
    builtin(TYPE_DICT, DICT_BYTES, dicts, DICT_CAP, ENTRY_BYTES, DICT_TABLE, DICT_FILLED) &&
    builtin(TYPE_WEAKREF, WEAKREF_BYTES, FLAG_CONTAINER | FLAG_WEAKREF, 0);
  if (ok && objects.typeCount < TYPE_FIRST) objects.typeCount = TYPE_FIRST;
  return ok;
}

function builtin(
  id: u32,
  size: u32,
  flags: u32,
  freeCap: u32,
  itemBytes: u32 = 0,
  itemsOffset: u32 = 0,
  lengthOffset: u32 = 0,
): bool {
  if (objects.typeCount > id) return true;
  const block = newType(size, 0);
  if (!block) return false;
  const type = changetype<TypeDescriptor>(block);
  type.flags = flags;
  type.freeCap = freeCap;
  type.itemBytes = itemBytes;
  type.itemsOffset = itemsOffset;
  type.lengthOffset = lengthOffset;
  return defineType(type) == id;
}

// ---- values ----

function startValues(): bool {
  if (
    !single(offsetof<ObjectState>("none"), TYPE_NONE) ||
    !single(offsetof<ObjectState>("false_"), TYPE_BOOL) ||
    !single(offsetof<ObjectState>("true_"), TYPE_BOOL)
  )
    return false;
  changetype<Int>(objects.true_).value = 1;
  for (let i: u32 = 0; i < SMALL_INTS; i++) {
    const place = STATE_SMALL_INTS - STATE_OBJECT + (i << 2);
    if (!single(place, TYPE_INT)) return false;
    load<Int>(STATE + STATE_OBJECT + place).value = SMALL_INT_FIRST + <i64>i;
  }
  return (
    single(offsetof<ObjectState>("emptyStr"), TYPE_STR) &&
    single(offsetof<ObjectState>("emptyBytes"), TYPE_BYTES) &&
    single(offsetof<ObjectState>("emptyTuple"), TYPE_TUPLE)
  );
}

/** An immortal, untracked object, noted in a word of the object layer's state. */
function single(offset: usize, id: u32): bool {
  const place = STATE + STATE_OBJECT + offset;
  if (load<usize>(place)) return true;
  const object = allocate(id, 0);
  if (!object) return false;
  makeImmortal(object);
  setMeta(object, metaOf(object) & ~META_TRACKED);
  store<usize>(place, object);
  return true;
}
