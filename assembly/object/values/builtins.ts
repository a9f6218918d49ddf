/** The first use of the object layer: built-in types, singletons, small ints. A heap of raw bytes only never pays. */
import * as layout from "../../layout";
import { Float, Int, ObjectState, TypeDescriptor } from "../../layout";
import { STATE, objects } from "../../state";
import { allocate } from "../core/alloc";
import { makeImmortal, metaOf, setMeta } from "../core/header";
import { defineType, newType, startTypes } from "../core/types";

/** FAULT_NONE or FAULT_MEMORY; may be called again after either. */
export function start(): u32 {
  if (objects.emptyTuple) return layout.FAULT_NONE;
  if (!startTypes() || !startBuiltins() || !startValues()) return layout.FAULT_MEMORY;
  objects.youngCount = 0;
  return layout.FAULT_NONE;
}

/** The heap was emptied: no object and no type is left. */
export function forget(): void {
  memory.fill(STATE + layout.STATE_OBJECT, 0, layout.STATE_OBJECT_END - layout.STATE_OBJECT);
}

// ---- types ----

function startBuiltins(): bool {
  const tuples = layout.FLAG_CONTAINER | layout.FLAG_ITEMS_REF;
  const lists = layout.FLAG_CONTAINER | layout.FLAG_ITEMS_REF | layout.FLAG_BUFFER;
  const dicts = layout.FLAG_CONTAINER | layout.FLAG_ENTRIES | layout.FLAG_BUFFER;
  const ok =
    builtin(layout.TYPE_NONE, layout.OBJECT_FIELDS, 0, 0) &&
    builtin(layout.TYPE_BOOL, offsetof<Int>(), 0, 0) &&
    builtin(layout.TYPE_INT, offsetof<Int>(), 0, layout.INT_CAP) &&
    builtin(layout.TYPE_FLOAT, offsetof<Float>(), 0, layout.FLOAT_CAP) &&
    builtin(layout.TYPE_STR, layout.STR_DATA, 0, 0, 1, layout.STR_DATA, layout.STR_LENGTH) &&
    builtin(layout.TYPE_BYTES, layout.BYTES_DATA, 0, 0, 1, layout.BYTES_DATA, layout.BYTES_LENGTH) &&
    builtin(
      layout.TYPE_TUPLE,
      layout.TUPLE_ITEMS,
      tuples,
      layout.TUPLE_CAP,
      4,
      layout.TUPLE_ITEMS,
      layout.TUPLE_LENGTH,
    ) &&
    builtin(
      layout.TYPE_LIST,
      layout.LIST_BYTES,
      lists,
      layout.LIST_CAP,
      4,
      layout.LIST_ITEMS,
      layout.LIST_LENGTH,
    ) &&
    builtin(
      layout.TYPE_DICT,
      layout.DICT_BYTES,
      dicts,
      layout.DICT_CAP,
      layout.ENTRY_BYTES,
      layout.DICT_TABLE,
      layout.DICT_FILLED,
    ) &&
    builtin(layout.TYPE_WEAKREF, layout.WEAKREF_BYTES, layout.FLAG_CONTAINER | layout.FLAG_WEAKREF, 0);
  if (ok && objects.typeCount < layout.TYPE_FIRST) objects.typeCount = layout.TYPE_FIRST;
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
    !single(offsetof<ObjectState>("none"), layout.TYPE_NONE) ||
    !single(offsetof<ObjectState>("false_"), layout.TYPE_BOOL) ||
    !single(offsetof<ObjectState>("true_"), layout.TYPE_BOOL)
  )
    return false;
  changetype<Int>(objects.true_).value = 1;
  for (let i: u32 = 0; i < layout.SMALL_INTS; i++) {
    const place = layout.STATE_SMALL_INTS - layout.STATE_OBJECT + (i << 2);
    if (!single(place, layout.TYPE_INT)) return false;
    load<Int>(STATE + layout.STATE_OBJECT + place).value = layout.SMALL_INT_FIRST + <i64>i;
  }
  return (
    single(offsetof<ObjectState>("emptyStr"), layout.TYPE_STR) &&
    single(offsetof<ObjectState>("emptyBytes"), layout.TYPE_BYTES) &&
    single(offsetof<ObjectState>("emptyTuple"), layout.TYPE_TUPLE)
  );
}

/** An immortal, untracked object, noted in a word of the object layer's state. */
function single(offset: usize, id: u32): bool {
  const place = STATE + layout.STATE_OBJECT + offset;
  if (load<usize>(place)) return true;
  const object = allocate(id, 0);
  if (!object) return false;
  makeImmortal(object);
  setMeta(object, metaOf(object) & ~layout.META_TRACKED);
  store<usize>(place, object);
  return true;
}
