/** The validator of the object layer: every header, reference, weak list, container and private free list. */
import * as layout from "../layout";
import { Dict, DictEntry, FreeList, List, TypeDescriptor, ValueStack, Weakref } from "../layout";
import { collector, objects, zeros } from "../state";
import { usableSize } from "../alloc/malloc";
import { broken } from "../alloc/verify";
import { pageRecord } from "../alloc/pages";
import { tupleList } from "./core/free-lists";
import { countOf, isTagged, metaOf, typeById, typeByMeta, typeIdOf } from "./core/header";
import { checkOwned } from "./core/owned-blocks";
import { isType } from "./core/types";
import { checkObject, nextBlock } from "./core/walk";
import { mayHoldContainers } from "./core/young-pages";
import { itemsOf } from "./death/slots";
import { isIndexed } from "./values/dict";

/** What only a collection writes into meta words, and takes back before it ends. */
const COLLECTION_MARKS: u32 = layout.META_WHITE | layout.META_TRASH | layout.META_UNTRACKABLE;

/** 0, or the number of the first broken invariant. */
export function verify(): u32 {
  if (objects.critical) return broken(layout.BROKEN_CRITICAL, 0, 0, objects.critical);
  const orphans = collector.orphans;
  if (orphans && !collector.collecting) return broken(layout.BROKEN_COLLECTION, orphans, 0, <u32>orphans);
  let wrong: u32 = 0;
  for (let object = nextBlock(0); object && !wrong; object = nextBlock(object)) wrong = verifyObject(object);
  for (let id: u32 = 1; id < objects.typeCount && !wrong; id++) {
    if (isType(id)) wrong = verifyFreeList(typeById(id).freeList);
  }
  for (let length: u32 = 1; length < layout.TUPLE_LISTS && !wrong; length++)
    wrong = verifyFreeList(tupleList(length));
  if (!wrong) wrong = verifyZeros();
  return wrong ? wrong : verifyIntern();
}

/** Entries of the zero-count table, and what lies on stacks. */
function verifyZeros(): u32 {
  let wrong: u32 = 0;
  for (let i = zeros.first; i < zeros.length && !wrong; i++) wrong = verifyReference(zeros.table + (i << 2));
  let stack = changetype<ValueStack | null>(zeros.stacks);
  while (stack) {
    const length = stack.length;
    if (length > stack.slots)
      return broken(layout.BROKEN_CONTAINER, changetype<usize>(stack), stack.slots, length);
    for (let i: u32 = 0; i < length && !wrong; i++) wrong = verifyReference(stack.at(i));
    stack = stack.next;
  }
  return wrong;
}

function verifyObject(object: usize): u32 {
  const meta = metaOf(object);
  if (!isType(meta & layout.META_TYPE))
    return broken(layout.BROKEN_TYPE, object, objects.typeCount, meta & layout.META_TYPE);
  // An object that is marked dying is seen only by the host code that its death called.
  if (meta & layout.META_DYING) return objects.nesting ? 0 : broken(layout.BROKEN_COUNT, object, 1, 0);
  if (meta & COLLECTION_MARKS && !collector.collecting)
    return broken(layout.BROKEN_COLLECTION, object, 0, meta & COLLECTION_MARKS);
  const count = countOf(object);
  if (count < 1) return broken(layout.BROKEN_COUNT, object, 1, count);
  const type = typeByMeta(meta);
  const domain = type.domain;
  const found = pageRecord(object).domain;
  if (found != domain) return broken(layout.BROKEN_TYPE, object, domain, found);
  if (meta & layout.META_TRACKED && !mayHoldContainers(object))
    return broken(layout.BROKEN_CONTAINER, object, 1, 0);
  let wrong: u32 = 0;
  for (let i: u32 = 0; i < type.refs && !wrong; i++) wrong = verifyReference(object + type.refOffset(i));
  for (let i = type.refs; i < type.refs + type.blocks && !wrong; i++)
    wrong = verifyOwned(object + type.refOffset(i));
  if (wrong) return wrong;
  if (type.flags & layout.FLAG_ENTRIES) wrong = verifyEntries(changetype<Dict>(object));
  else if (type.flags & layout.FLAG_ITEMS_REF) wrong = verifyItems(object, type);
  if (wrong) return wrong;
  if ((meta & layout.META_TYPE) == layout.TYPE_WEAKREF) return verifyWeakref(changetype<Weakref>(object));
  return type.weakOffset ? verifyWeakList(object, load<usize>(object + type.weakOffset)) : 0;
}

/** A slot holds null or a live object; a dying one only while finalizers run. */
function verifyReference(slot: usize): u32 {
  const child = load<usize>(slot);
  if (isTagged(child) && objects.tagged) return 0;
  return !child || !checkObject(child) ? 0 : broken(layout.BROKEN_REFERENCE, slot, 0, <u32>child);
}

/** A slot holds null or a live raw block. */
function verifyOwned(slot: usize): u32 {
  const block = load<usize>(slot);
  return !block || !checkOwned(block) ? 0 : broken(layout.BROKEN_OWNED_BLOCK, slot, 0, <u32>block);
}

function verifyItems(object: usize, type: TypeDescriptor): u32 {
  const length = load<u32>(object + type.lengthOffset);
  if (typeIdOf(object) == layout.TYPE_LIST) {
    const list = changetype<List>(object);
    // Either block ends behind the last item that it has room for.
    const bytes =
      list.buffer || !list.items ? usableSize(list.buffer) : usableSize(object) - layout.LIST_BYTES;
    const capacity = list.capacity;
    if (length > capacity || (list.items == 0) != (capacity == 0) || capacity > (<u32>bytes) >>> 2)
      return broken(layout.BROKEN_CONTAINER, object, capacity, length);
  }
  const items = itemsOf(object, type);
  let wrong: u32 = 0;
  for (let i: u32 = 0; i < length && !wrong; i++) wrong = verifyReference(items + (i << 2));
  return wrong;
}

function verifyEntries(dict: Dict): u32 {
  const address = changetype<usize>(dict);
  const filled = dict.filled;
  if (filled > dict.capacity) return broken(layout.BROKEN_CONTAINER, address, dict.capacity, filled);
  if (dict.first > filled) return broken(layout.BROKEN_CONTAINER, address, filled, dict.first);
  let live: u32 = 0;
  for (let i: u32 = 0; i < filled; i++) {
    const entry = dict.entry(i);
    const place = changetype<usize>(entry);
    if ((entry.key == 0) != (entry.value == 0))
      return broken(layout.BROKEN_CONTAINER, place, <u32>entry.key, 0);
    if (!entry.key) continue;
    if (i < dict.first) return broken(layout.BROKEN_CONTAINER, place, dict.first, i);
    live++;
    let wrong = verifyReference(place + offsetof<DictEntry>("key"));
    if (!wrong && !isIndexed(dict, i)) wrong = broken(layout.BROKEN_CONTAINER, place, i, entry.hash);
    if (!wrong) wrong = verifyReference(place + offsetof<DictEntry>("value"));
    if (wrong) return wrong;
  }
  return live == dict.length ? 0 : broken(layout.BROKEN_CONTAINER, address, live, dict.length);
}

// ---- weak references ----

function verifyWeakList(object: usize, head: usize): u32 {
  const marked = metaOf(object) & layout.META_WEAK;
  if ((head != 0) != (marked != 0)) return broken(layout.BROKEN_WEAK_LIST, object, marked, <u32>head);
  let previous: Weakref | null = null;
  for (let at = head; at;) {
    const weakref = changetype<Weakref>(at);
    if (checkObject(at) || weakref.typeId != layout.TYPE_WEAKREF)
      return broken(layout.BROKEN_WEAK_LIST, at, <u32>object, 0);
    if (weakref.referent != object || weakref.previous != previous)
      return broken(layout.BROKEN_WEAK_LIST, at, <u32>object, <u32>weakref.referent);
    previous = weakref;
    at = changetype<usize>(weakref.next);
  }
  return 0;
}

function verifyWeakref(weakref: Weakref): u32 {
  const referent = weakref.referent;
  if (!referent || (typeIdOf(referent) && metaOf(referent) & layout.META_WEAK)) return 0;
  return broken(layout.BROKEN_WEAK_LIST, changetype<usize>(weakref), layout.META_WEAK, <u32>referent);
}

// ---- tables ----

function verifyFreeList(list: FreeList): u32 {
  const cached = list.count;
  let block = list.first;
  for (let i: u32 = 0; i < cached; i++) {
    if (!block || metaOf(block)) return broken(layout.BROKEN_PRIVATE_LIST, block, cached, i);
    block = load<usize>(block);
  }
  return block ? broken(layout.BROKEN_PRIVATE_LIST, block, cached, cached + 1) : 0;
}

function verifyIntern(): u32 {
  const table = objects.intern;
  if (!table) return 0;
  let live: u32 = 0;
  let filled: u32 = 0;
  for (let slot = table; slot <= table + (objects.internMask << 2); slot += 4) {
    const str = load<usize>(slot);
    filled += u32(str != 0);
    if (str <= 1) continue;
    live++;
    if (checkObject(str) || typeIdOf(str) != layout.TYPE_STR || !(metaOf(str) & layout.META_INTERNED))
      return broken(layout.BROKEN_INTERN, slot, 0, <u32>str);
  }
  if (live != objects.internLive) return broken(layout.BROKEN_INTERN, table, live, objects.internLive);
  return filled == objects.internFilled
    ? 0
    : broken(layout.BROKEN_INTERN, table, filled, objects.internFilled);
}
