/** The validator of the object layer: every header, reference, weak list, container and private free list. */
import {
  BROKEN_COLLECTION,
  BROKEN_CONTAINER,
  BROKEN_COUNT,
  BROKEN_CRITICAL,
  BROKEN_INTERN,
  BROKEN_PRIVATE_LIST,
  BROKEN_REFERENCE,
  BROKEN_TYPE,
  BROKEN_WEAK_LIST,
  DICT_FILLED,
  DICT_LENGTH,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_KEY,
  ENTRY_VALUE,
  FLAG_BUFFER,
  FLAG_ENTRIES,
  FLAG_ITEMS_REF,
  LIST_BYTES,
  LIST_CAPACITY,
  LIST_ITEMS,
  META_DYING,
  META_INTERNED,
  META_UNTRACKABLE,
  META_TRACKED,
  META_TRASH,
  META_TYPE,
  META_WEAK,
  META_WHITE,
  STATE_COLLECTING,
  STATE_CRITICAL,
  STATE_GC_ORPHANS,
  STATE_INTERN,
  STATE_INTERN_FILLED,
  STATE_INTERN_LIVE,
  STATE_INTERN_MASK,
  STATE_NESTING,
  STATE_TYPE_COUNT,
  TUPLE_LISTS,
  TYPE_FLAGS,
  TYPE_FREE_HEAD,
  TYPE_LENGTH,
  TYPE_LIST,
  TYPE_OFFSETS,
  TYPE_REFS,
  TYPE_STR,
  TYPE_WEAK,
  TYPE_WEAKREF,
  WEAKREF_NEXT,
  WEAKREF_PREVIOUS,
  WEAKREF_REFERENT,
} from "../../layout";
import { word } from "../../state";
import { usableSize } from "../../alloc/malloc";
import { broken } from "../../alloc/verify";
import { poolDomain } from "../../alloc/pools";
import { recordOf } from "../../alloc/pages";
import { capacityOf, isIndexed } from "../values/dict";
import { tupleList } from "./free-lists";
import { countOf, describe, descriptor, metaOf, typeOf } from "./header";
import { bufferAt, itemsOf } from "../death/slots";
import { domainOf, isType } from "./types";
import { checkObject, nextBlock } from "./walk";
import { mayHoldContainers } from "./young-pages";

/** What only a collection writes into meta words, and takes back before it ends. */
const COLLECTION_MARKS: u32 = META_WHITE | META_TRASH | META_UNTRACKABLE;

/** 0, or the number of the first broken invariant. */
export function verify(): u32 {
  if (word(STATE_CRITICAL)) return broken(BROKEN_CRITICAL, 0, 0, word(STATE_CRITICAL));
  const orphans = word(STATE_GC_ORPHANS);
  if (orphans && !word(STATE_COLLECTING)) return broken(BROKEN_COLLECTION, orphans, 0, orphans);
  for (let object = nextBlock(0); object; object = nextBlock(object)) {
    const wrong = verifyObject(object);
    if (wrong) return wrong;
  }
  for (let id: u32 = 1; id < word(STATE_TYPE_COUNT); id++) {
    const wrong = descriptor(id) ? verifyList(descriptor(id) + TYPE_FREE_HEAD) : 0;
    if (wrong) return wrong;
  }
  for (let length: u32 = 1; length < TUPLE_LISTS; length++) {
    const wrong = verifyList(tupleList(length));
    if (wrong) return wrong;
  }
  return verifyIntern();
}

function verifyObject(object: usize): u32 {
  const meta = metaOf(object);
  if (!isType(meta & META_TYPE)) return broken(BROKEN_TYPE, object, word(STATE_TYPE_COUNT), meta & META_TYPE);
  // Objects are seen half dead only by the host code that their death called.
  if (meta & META_DYING) return word(STATE_NESTING) ? 0 : broken(BROKEN_COUNT, object, 1, 0);
  if (meta & COLLECTION_MARKS && !word(STATE_COLLECTING))
    return broken(BROKEN_COLLECTION, object, 0, meta & COLLECTION_MARKS);
  const count = countOf(object);
  if (count < 1) return broken(BROKEN_COUNT, object, 1, count);
  const type = describe(meta);
  const flags = load<u32>(type, TYPE_FLAGS);
  if (poolDomain(recordOf(object)) != domainOf(flags)) {
    return broken(BROKEN_TYPE, object, domainOf(flags), poolDomain(recordOf(object)));
  }
  if (meta & META_TRACKED && !mayHoldContainers(object)) return broken(BROKEN_CONTAINER, object, 1, 0);
  const refs = load<u32>(type, TYPE_REFS);
  for (let i: u32 = 0; i < refs; i++) {
    const wrong = verifyReference(object + load<u32>(type + ((<usize>i) << 2), TYPE_OFFSETS));
    if (wrong) return wrong;
  }
  if (flags & (FLAG_ITEMS_REF | FLAG_ENTRIES)) {
    const wrong = verifyItems(object, type, flags);
    if (wrong) return wrong;
  }
  if ((meta & META_TYPE) == TYPE_WEAKREF) return verifyWeakref(object);
  return load<u32>(type, TYPE_WEAK) ? verifyWeakList(object, meta, object + load<u32>(type, TYPE_WEAK)) : 0;
}

/** A slot holds null or a live object; a dying one only while finalizers run. */
function verifyReference(slot: usize): u32 {
  const child = <usize>load<u32>(slot);
  if (!child || !checkObject(child)) return 0;
  return broken(BROKEN_REFERENCE, slot, 0, <u32>child);
}

function verifyItems(object: usize, type: usize, flags: u32): u32 {
  const items = itemsOf(object, type, flags);
  const length = load<u32>(object + load<u32>(type, TYPE_LENGTH));
  const buffered = (flags & FLAG_BUFFER) != 0;
  if (flags & FLAG_ENTRIES) return verifyEntries(object, items);
  if (buffered && typeOf(object) == TYPE_LIST) {
    const capacity = load<u32>(object, LIST_CAPACITY);
    const buffer = bufferAt(object, LIST_ITEMS);
    // Either block ends behind the last item that it has room for.
    const bytes = buffer || !items ? usableSize(buffer) : usableSize(object) - LIST_BYTES;
    if (length > capacity || (items == 0) != (capacity == 0) || capacity > <u32>(bytes >>> 2))
      return broken(BROKEN_CONTAINER, object, capacity, length);
  }
  for (let i: u32 = 0; i < length; i++) {
    const wrong = verifyReference(items + ((<usize>i) << 2));
    if (wrong) return wrong;
  }
  return 0;
}

function verifyEntries(dict: usize, entries: usize): u32 {
  const filled = load<u32>(dict, DICT_FILLED);
  let live: u32 = 0;
  if (filled > capacityOf(dict)) return broken(BROKEN_CONTAINER, dict, capacityOf(dict), filled);
  for (let i: u32 = 0; i < filled; i++) {
    const entry = entries + <usize>i * ENTRY_BYTES;
    const key = load<u32>(entry, ENTRY_KEY);
    if ((key == 0) != (load<u32>(entry, ENTRY_VALUE) == 0)) return broken(BROKEN_CONTAINER, entry, key, 0);
    live += u32(key != 0);
    const wrong = verifyReference(entry + ENTRY_KEY);
    if (wrong) return wrong;
    if (key && !isIndexed(dict, i)) return broken(BROKEN_CONTAINER, entry, i, load<u32>(entry, ENTRY_HASH));
    const also = verifyReference(entry + ENTRY_VALUE);
    if (also) return also;
  }
  const length = load<u32>(dict, DICT_LENGTH);
  return live == length ? 0 : broken(BROKEN_CONTAINER, dict, live, length);
}

// ---- weak references ----

function verifyWeakList(object: usize, meta: u32, head: usize): u32 {
  let weakref = <usize>load<u32>(head);
  if ((weakref != 0) != ((meta & META_WEAK) != 0))
    return broken(BROKEN_WEAK_LIST, object, meta & META_WEAK, <u32>weakref);
  let previous: usize = 0;
  while (weakref) {
    const fits =
      !checkObject(weakref) &&
      typeOf(weakref) == TYPE_WEAKREF &&
      load<u32>(weakref, WEAKREF_REFERENT) == <u32>object &&
      load<u32>(weakref, WEAKREF_PREVIOUS) == <u32>previous;
    if (!fits) return broken(BROKEN_WEAK_LIST, weakref, <u32>object, load<u32>(weakref, WEAKREF_REFERENT));
    previous = weakref;
    weakref = load<u32>(weakref, WEAKREF_NEXT);
  }
  return 0;
}

function verifyWeakref(weakref: usize): u32 {
  const referent = <usize>load<u32>(weakref, WEAKREF_REFERENT);
  if (!referent) return 0;
  if (typeOf(referent) && metaOf(referent) & META_WEAK) return 0;
  return broken(BROKEN_WEAK_LIST, weakref, META_WEAK, <u32>referent);
}

// ---- tables ----

/** A private free list: first block, then its length. */
function verifyList(list: usize): u32 {
  const cached = load<u32>(list, 4);
  let block = <usize>load<u32>(list);
  for (let i: u32 = 0; i < cached; i++) {
    if (!block || metaOf(block)) return broken(BROKEN_PRIVATE_LIST, block, cached, i);
    block = load<u32>(block);
  }
  return block ? broken(BROKEN_PRIVATE_LIST, block, cached, cached + 1) : 0;
}

function verifyIntern(): u32 {
  const table = <usize>word(STATE_INTERN);
  if (!table) return 0;
  let live: u32 = 0;
  let filled: u32 = 0;
  for (let i: u32 = 0; i <= word(STATE_INTERN_MASK); i++) {
    const str = load<u32>(table + ((<usize>i) << 2));
    filled += u32(str != 0);
    if (str <= 1) continue;
    live++;
    if (checkObject(str) || typeOf(str) != TYPE_STR || !(metaOf(str) & META_INTERNED)) {
      return broken(BROKEN_INTERN, table + ((<usize>i) << 2), 0, str);
    }
  }
  if (live != word(STATE_INTERN_LIVE)) return broken(BROKEN_INTERN, table, live, word(STATE_INTERN_LIVE));
  return filled == word(STATE_INTERN_FILLED)
    ? 0
    : broken(BROKEN_INTERN, table, filled, word(STATE_INTERN_FILLED));
}
