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
  INT_CAP,
  LIST_BYTES,
  LIST_CAP,
  LIST_ITEMS,
  LIST_LENGTH,
  META_TRACKED,
  OBJECT_FIELDS,
  SMALL_INTS,
  SMALL_INT_FIRST,
  STATE_EMPTY_BYTES,
  STATE_EMPTY_STR,
  STATE_EMPTY_TUPLE,
  STATE_FALSE,
  STATE_NONE,
  STATE_OBJECT,
  STATE_OBJECT_END,
  STATE_SMALL_INTS,
  STATE_TRUE,
  STATE_TYPE_COUNT,
  STATE_YOUNG_COUNT,
  STR_BYTES,
  STR_LENGTH,
  TUPLE_CAP,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TYPE_BOOL,
  TYPE_BYTES,
  TYPE_DICT,
  TYPE_FIRST,
  TYPE_FLAGS,
  TYPE_FLOAT,
  TYPE_FREE_CAP,
  TYPE_INT,
  TYPE_ITEMS,
  TYPE_ITEM_BYTES,
  TYPE_LENGTH,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_STR,
  TYPE_TUPLE,
  TYPE_WEAKREF,
  VALUE,
  WEAKREF_BYTES,
} from "../../layout";
import { STATE, setWord, word } from "../../state";
import { allocate } from "../core/alloc";
import { makeImmortal, metaOf, setMeta } from "../core/header";
import { defineType, newType, startTypes } from "../core/types";

/** FAULT_NONE or FAULT_MEMORY; may be called again after either. */
export function start(): u32 {
  if (word(STATE_EMPTY_TUPLE)) return FAULT_NONE;
  if (!startTypes() || !startBuiltins() || !startValues()) return FAULT_MEMORY;
  setWord(STATE_YOUNG_COUNT, 0);
  return FAULT_NONE;
}

/** The heap was emptied: no object and no type is left. */
export function forget(): void {
  memory.fill(STATE + STATE_OBJECT, 0, STATE_OBJECT_END - STATE_OBJECT);
}

// ---- types ----

function startBuiltins(): bool {
  const number = OBJECT_FIELDS + 8;
  const ok =
    builtin(TYPE_NONE, OBJECT_FIELDS, 0, 0) &&
    builtin(TYPE_BOOL, number, 0, 0) &&
    builtin(TYPE_INT, number, 0, INT_CAP) &&
    builtin(TYPE_FLOAT, number, 0, FLOAT_CAP) &&
    items(TYPE_STR, STR_BYTES, 0, 0, 1, STR_BYTES, STR_LENGTH) &&
    items(TYPE_BYTES, BYTES_DATA, 0, 0, 1, BYTES_DATA, BYTES_LENGTH) &&
    items(
      TYPE_TUPLE,
      TUPLE_ITEMS,
      FLAG_CONTAINER | FLAG_ITEMS_REF,
      TUPLE_CAP,
      4,
      TUPLE_ITEMS,
      TUPLE_LENGTH,
    ) &&
    items(
      TYPE_LIST,
      LIST_BYTES,
      FLAG_CONTAINER | FLAG_ITEMS_REF | FLAG_BUFFER,
      LIST_CAP,
      4,
      LIST_ITEMS,
      LIST_LENGTH,
    ) &&
    items(
      TYPE_DICT,
      DICT_BYTES,
      FLAG_CONTAINER | FLAG_ENTRIES | FLAG_BUFFER,
      DICT_CAP,
      ENTRY_BYTES,
      DICT_TABLE,
      DICT_FILLED,
    ) &&
    builtin(TYPE_WEAKREF, WEAKREF_BYTES, FLAG_CONTAINER | FLAG_WEAKREF, 0);
  if (ok && word(STATE_TYPE_COUNT) < TYPE_FIRST) setWord(STATE_TYPE_COUNT, TYPE_FIRST);
  return ok;
}

function builtin(id: u32, size: u32, flags: u32, cap: u32): bool {
  return items(id, size, flags, cap, 0, 0, 0);
}

function items(id: u32, size: u32, flags: u32, cap: u32, itemBytes: u32, offset: u32, length: u32): bool {
  if (word(STATE_TYPE_COUNT) > id) return true;
  const type = newType(size, 0);
  if (!type) return false;
  store<u32>(type, flags, TYPE_FLAGS);
  store<u32>(type, cap, TYPE_FREE_CAP);
  store<u32>(type, itemBytes, TYPE_ITEM_BYTES);
  store<u32>(type, offset, TYPE_ITEMS);
  store<u32>(type, length, TYPE_LENGTH);
  return defineType(type) == id;
}

// ---- values ----

function startValues(): bool {
  if (!single(STATE_NONE, TYPE_NONE) || !single(STATE_FALSE, TYPE_BOOL) || !single(STATE_TRUE, TYPE_BOOL))
    return false;
  store<i64>(word(STATE_TRUE), 1, VALUE);
  for (let i: u32 = 0; i < SMALL_INTS; i++) {
    if (!single(STATE_SMALL_INTS + (i << 2), TYPE_INT)) return false;
    store<i64>(word(STATE_SMALL_INTS + (i << 2)), SMALL_INT_FIRST + <i64>i, VALUE);
  }
  return (
    single(STATE_EMPTY_STR, TYPE_STR) &&
    single(STATE_EMPTY_BYTES, TYPE_BYTES) &&
    single(STATE_EMPTY_TUPLE, TYPE_TUPLE)
  );
}

/** An immortal, untracked object, noted in a word of the state block. */
function single(place: u32, id: u32): bool {
  if (word(place)) return true;
  const object = allocate(id, 0);
  if (!object) return false;
  makeImmortal(object);
  setMeta(object, metaOf(object) & ~META_TRACKED);
  setWord(place, <u32>object);
  return true;
}
