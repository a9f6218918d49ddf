/**
 * Birth. Instances come from the type's private free list, if they are made without items,
 * else from the active list of their size class, else from the slow path; a new one has count 1 and zero fields. A
 * container is known to the collector from birth: tracked, generation 0, on a page marked young.
 */
import {
  DOMAIN_CONTAINER,
  FAULT_ARGUMENT,
  FAULT_CORRUPT,
  FAULT_MEMORY,
  FLAG_BUFFER,
  MEDIUM_LIMIT,
  META_TRACKED,
  OBJECT_FIELDS,
  STATE_ACTIVE,
  STATE_BUFFER_BYTES,
  STATE_POISON,
  STATE_THRESHOLD,
  STATE_YOUNG_COUNT,
  TYPE_ACTIVE,
  TYPE_CLASS,
  TYPE_FLAGS,
  TYPE_FREE_HEAD,
  TYPE_ITEMS,
  TYPE_ITEM_BYTES,
  TYPE_LENGTH,
  TYPE_META,
  TYPE_SIZE,
} from "../../layout";
import { STATE, setWord, word } from "../../state";
import { steppedClass } from "../../alloc/classes";
import { zeroBytes } from "../../alloc/copy";
import { enter, fault, leave, takeBlock } from "../../alloc/malloc";
import { classSlot, poolsExhausted } from "../../alloc/pools";
import { pagesFor, takeSpan } from "../../alloc/spans";
import { giveBlock, popBlock } from "./blocks";
import { cacheBlock, clearFreeLists, pull } from "./free-lists";
import { descriptor } from "./header";
import { domainOf, isType, objectClass } from "./types";
import { ensureYoung, markYoung } from "./young-pages";

/** Largest instance that is made without a call: zeroing more would be one (alloc/copy.ts). */
const QUICK_BYTES: usize = 128;

/** A new instance of a type, with `items` items if the type has any; 0 if out of memory. */
export function allocate(id: u32, items: u32): usize {
  const type = descriptor(id);
  if (load<u32>(type, TYPE_CLASS)) return newFixed(type);
  if (!isType(id)) {
    fault(FAULT_ARGUMENT, 0);
    return 0;
  }
  return load<u32>(type, TYPE_ITEM_BYTES) && !(load<u32>(type, TYPE_FLAGS) & FLAG_BUFFER)
    ? allocateItems(type, items)
    : newFixed(type);
}

/** A new instance of a type without inline items. */
// @ts-ignore: decorator
@inline
export function allocateFixed(type: usize): usize {
  const object = beget(type);
  if (object) clearFields(object, type);
  return object;
}

/** The same if a list has a block at hand; 0 if none has, or the type has inline items. */
// @ts-ignore: decorator
@inline
export function allocateListed(type: usize): usize {
  const object = takeListed(type, load<u32>(type, TYPE_META));
  if (object) clearFields(object, type);
  return object;
}

/** allocateFixed for those who have no room for it. */
export function newFixed(type: usize): usize {
  return allocateFixed(type);
}

/** A new instance whose fields hold anything: for callers that write them all. */
// @ts-ignore: decorator
@inline
function beget(type: usize): usize {
  const object = takeListed(type, load<u32>(type, TYPE_META));
  return object ? object : begetSlowly(type);
}

/** A new instance of `meta`, the type's, from the private or the active list. */
// @ts-ignore: decorator
@inline
export function takeListed(type: usize, meta: u32): usize {
  let block = <usize>load<u32>(type, TYPE_FREE_HEAD);
  if (block) {
    if (meta & META_TRACKED) ensureYoung(block);
    pull(type + TYPE_FREE_HEAD, block);
  } else {
    block = popBlock(load<u32>(type, TYPE_ACTIVE));
    if (!block) return 0;
  }
  christen(block, meta);
  return block;
}

export function begetSlowly(type: usize): usize {
  const block = takeObject(domainOf(load<u32>(type, TYPE_FLAGS)), load<u32>(type, TYPE_SIZE));
  if (block) christen(block, load<u32>(type, TYPE_META));
  return block;
}

/** Zeroes the fields; most objects have no more than two words of them. */
// @ts-ignore: decorator
@inline
function clearFields(object: usize, type: usize): void {
  const size = <usize>load<u32>(type, TYPE_SIZE);
  if (size <= OBJECT_FIELDS) return;
  store<u64>(object, 0, OBJECT_FIELDS);
  if (size > OBJECT_FIELDS + 8) zeroBytes(object + OBJECT_FIELDS + 8, size - OBJECT_FIELDS - 8);
}

/** A new instance with `items` items inside it. */
export function allocateItems(type: usize, items: u32): usize {
  const bytes = itemsEnd(type, items);
  if (!bytes) {
    fault(FAULT_MEMORY, 0);
    return 0;
  }
  return allocateBytes(type, items, bytes);
}

/** The same of an instance that is to have `bytes` bytes. */
export function allocateBytes(type: usize, items: u32, bytes: usize): usize {
  const object = allocateBytesListed(type, items, bytes);
  if (object) return object;
  const block = takeObject(domainOf(load<u32>(type, TYPE_FLAGS)), bytes);
  if (block) furnish(block, type, items, bytes);
  return block;
}

/** The same if the active list has a block; 0 if it has none, or the instance is not small. */
// @ts-ignore: decorator
@inline
export function allocateItemsListed(type: usize, items: u32): usize {
  const bytes = itemsEnd(type, items);
  return bytes - 1 < QUICK_BYTES ? allocateBytesListed(type, items, bytes) : 0;
}

// @ts-ignore: decorator
@inline
export function allocateBytesListed(type: usize, items: u32, bytes: usize): usize {
  const c = objectClass(bytes);
  if (!c) return 0;
  const block = popBlock(STATE + STATE_ACTIVE + classSlot(domainOf(load<u32>(type, TYPE_FLAGS)), c));
  if (block) furnish(block, type, items, bytes);
  return block;
}

/** Makes a block an instance: its length, zero items, its header. */
// @ts-ignore: decorator
@inline
function furnish(block: usize, type: usize, items: u32, bytes: usize): void {
  zeroBytes(block + OBJECT_FIELDS, bytes - OBJECT_FIELDS);
  store<u32>(block + load<u32>(type, TYPE_LENGTH), items);
  christen(block, load<u32>(type, TYPE_META));
}

/** Bytes of an instance with `items` items; 0 if no memory can hold it. */
// @ts-ignore: decorator
@inline
function itemsEnd(type: usize, items: u32): usize {
  const bytes = <u64>load<u32>(type, TYPE_ITEMS) + <u64>items * load<u32>(type, TYPE_ITEM_BYTES);
  return bytes > 0xffe00000 ? 0 : max(<usize>bytes, <usize>load<u32>(type, TYPE_SIZE));
}

/** Writes the header: count 1. */
// @ts-ignore: decorator
@inline
export function christen(block: usize, meta: u32): void {
  store<u64>(block, ((<u64>meta) << 32) | 1);
  if (meta & META_TRACKED) setWord(STATE_YOUNG_COUNT, word(STATE_YOUNG_COUNT) + 1);
}

/** A block from a refilled active list, a slab or a span; private free lists are emptied before it fails. */
function takeObject(domain: u32, bytes: usize): usize {
  if (word(STATE_POISON)) {
    fault(FAULT_CORRUPT, 0);
    return 0;
  }
  let block = tryTake(domain, bytes);
  if (!block && clearFreeLists(0)) block = tryTake(domain, bytes);
  if (!block) {
    fault(FAULT_MEMORY, 0);
    return 0;
  }
  if (domain == DOMAIN_CONTAINER) markYoung(block);
  return block;
}

function tryTake(domain: u32, bytes: usize): usize {
  if (bytes > MEDIUM_LIMIT) {
    if (!enter()) return 0;
    const span = takeSpan(pagesFor(bytes), 1, domain);
    leave();
    if (span) setWord(STATE_BUFFER_BYTES, word(STATE_BUFFER_BYTES) + <u32>bytes);
    return span;
  }
  const c = objectClass(bytes);
  const block = takeBlock(domain, c);
  if (block || !poolsExhausted(c)) return block;
  return takeBlock(domain, steppedClass(word(STATE_THRESHOLD) + 1));
}

/** The object is dead and owns nothing any more: its block goes to the private free list or back to its pool. */
// @ts-ignore: decorator
@inline
export function discard(object: usize, type: usize): void {
  if (load<u32>(type, TYPE_META) & META_TRACKED) fewerYoung(1);
  if (!cacheBlock(object, type)) giveBlock(object);
}

/** So many containers have died. */
export function fewerYoung(dead: u32): void {
  const young = word(STATE_YOUNG_COUNT);
  setWord(STATE_YOUNG_COUNT, young > dead ? young - dead : 0);
}
