/**
 * New objects. A block comes from the type's private free list if the instance has no items inside it, else from the
 * active list of its size class; both take no call, and the try… functions give 0 where neither list has one. The slow
 * path refills lists and serves what is large.
 *
 * A new instance has count 1 and zero fields. The collector knows a container from the start: it is tracked, of
 * generation 0, on a page marked young.
 */
import * as layout from "../../layout";
import { ObjectHeader, TypeDescriptor } from "../../layout";
import { STATE, objects, state } from "../../state";
import { zeroBytes } from "../../alloc/copy";
import { enter, leave, refuse, takeBlock } from "../../alloc/malloc";
import { classSlot } from "../../alloc/pools";
import { pagesFor, takeSpan } from "../../alloc/spans";
import { giveBlock, popBlock } from "./blocks";
import { cacheBlock, clearFreeLists } from "./free-lists";
import { typeById } from "./header";
import { isType, objectClass } from "./types";
import { ensureYoung, markYoung } from "./young-pages";

/** Largest instance with items that is made without a call: zeroing more would be one (alloc/copy.ts). */
const TRY_BYTES: usize = 128;

/** A new instance of a type, with `items` items if the type has any; 0 if out of memory. */
export function allocate(id: u32, items: u32): usize {
  const type = typeById(id);
  if (type.sizeClass) return newInstance(type);
  if (!isType(id)) return refuse(layout.FAULT_ARGUMENT, 0);
  return type.itemBytes && !(type.flags & layout.FLAG_BUFFER)
    ? newVarInstance(type, items)
    : newInstance(type);
}

// ---- instances of one size ----

/** A new instance of a type without items inside it. */
export function newInstance(type: TypeDescriptor): usize {
  let object = tryTakeInstance(type, type.meta);
  if (!object) object = takeInstanceSlow(type);
  if (object) clearFields(object, type);
  return object;
}

/** newInstance if a list has a block; 0 if none has, or the type has items inside its instances. */
// @ts-ignore: decorator
@inline
export function tryNewInstance(type: TypeDescriptor): usize {
  const object = tryTakeInstance(type, type.meta);
  if (object) clearFields(object, type);
  return object;
}

/** The same with fields that hold anything, for callers that write them all. `meta` is the type's. */
// @ts-ignore: decorator
@inline
export function tryTakeInstance(type: TypeDescriptor, meta: u32): usize {
  let block = type.freeFirst;
  if (block) {
    if (meta & layout.META_TRACKED) ensureYoung(block);
    type.freeList.pull(block);
  } else {
    block = popBlock(type.active);
    if (!block) return 0;
  }
  initHeader(block, meta);
  return block;
}

export function takeInstanceSlow(type: TypeDescriptor): usize {
  const block = takeObject(type.domain, type.size);
  if (block) initHeader(block, type.meta);
  return block;
}

/** Zeroes the fields; most objects have no more than two words of them. */
// @ts-ignore: decorator
@inline
function clearFields(object: usize, type: TypeDescriptor): void {
  const size: usize = type.size;
  if (size <= layout.OBJECT_FIELDS) return;
  store<u64>(object, 0, layout.OBJECT_FIELDS);
  if (size > layout.OBJECT_FIELDS + 8)
    zeroBytes(object + layout.OBJECT_FIELDS + 8, size - layout.OBJECT_FIELDS - 8);
}

// ---- instances with items inside them ----

/** A new instance with `items` items. */
export function newVarInstance(type: TypeDescriptor, items: u32): usize {
  const bytes = varBytes(type, items);
  return bytes ? newSizedInstance(type, items, bytes) : refuse(layout.FAULT_MEMORY, 0);
}

/** The same of `bytes` bytes in all. */
export function newSizedInstance(type: TypeDescriptor, items: u32, bytes: usize): usize {
  const object = tryNewSizedInstance(type, items, bytes);
  if (object) return object;
  const block = takeObject(type.domain, bytes);
  if (block) initVarInstance(block, type, items, bytes);
  return block;
}

/** newVarInstance if the active list has a block; 0 if it has none, or the instance is not small. */
// @ts-ignore: decorator
@inline
export function tryNewVarInstance(type: TypeDescriptor, items: u32): usize {
  const bytes = varBytes(type, items);
  return bytes - 1 < TRY_BYTES ? tryNewSizedInstance(type, items, bytes) : 0;
}

// @ts-ignore: decorator
@inline
export function tryNewSizedInstance(type: TypeDescriptor, items: u32, bytes: usize): usize {
  const c = objectClass(bytes);
  if (!c) return 0;
  const block = popBlock(STATE + layout.STATE_ACTIVE + classSlot(type.domain, c));
  if (block) initVarInstance(block, type, items, bytes);
  return block;
}

/** Bytes of an instance with `items` items; 0 if no memory can hold it. */
// @ts-ignore: decorator
@inline
function varBytes(type: TypeDescriptor, items: u32): usize {
  const bytes = <u64>type.itemsOffset + <u64>items * type.itemBytes;
  return bytes > 0xffe00000 ? 0 : max(<usize>bytes, <usize>type.size);
}

// ---- blocks ----

/** Makes a block an instance: zero fields and items, its length, its header. */
// @ts-ignore: decorator
@inline
function initVarInstance(block: usize, type: TypeDescriptor, items: u32, bytes: usize): void {
  zeroBytes(block + layout.OBJECT_FIELDS, bytes - layout.OBJECT_FIELDS);
  store<u32>(block + type.lengthOffset, items);
  initHeader(block, type.meta);
}

/** Writes the header: count 1. */
// @ts-ignore: decorator
@inline
export function initHeader(block: usize, meta: u32): void {
  changetype<ObjectHeader>(block).whole = ((<u64>meta) << 32) | 1;
  if (meta & layout.META_TRACKED) objects.youngCount = objects.youngCount + 1;
}

/** A block from a refilled active list, a slab or a span; private free lists are emptied before it fails. */
function takeObject(domain: u32, bytes: usize): usize {
  if (state.poison) return refuse(layout.FAULT_CORRUPT, 0);
  let block = takeFrom(domain, bytes);
  if (!block && clearFreeLists(0)) block = takeFrom(domain, bytes);
  if (!block) return refuse(layout.FAULT_MEMORY, 0);
  if (domain == layout.DOMAIN_CONTAINER) markYoung(block);
  return block;
}

function takeFrom(domain: u32, bytes: usize): usize {
  if (bytes > layout.MEDIUM_LIMIT) {
    if (!enter()) return 0;
    const span = takeSpan(pagesFor(bytes), 1, domain);
    leave();
    return span;
  }
  return takeBlock(domain, objectClass(bytes));
}

/** The object is dead and owns nothing any more: its block goes to the private free list or back to its pool. */
// @ts-ignore: decorator
@inline
export function discard(object: usize, type: TypeDescriptor): void {
  if (type.meta & layout.META_TRACKED) fewerYoung(1);
  if (!cacheBlock(object, type)) giveBlock(object);
}

/** So many containers were deallocated. */
// @ts-ignore: decorator
@inline
export function fewerYoung(dead: u32): void {
  const young = objects.youngCount;
  objects.youngCount = young > dead ? young - dead : 0;
}
