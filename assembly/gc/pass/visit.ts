/**
 * Visits every reference of an object: a loop over its type's data. What is done with a child is chosen by a constant,
 * so that each caller gets loops of its own with nothing to call.
 *
 * Hot paths write headers as they read them, eight bytes at once: a processor cannot hand a wide load what narrow
 * stores have not brought to the cache yet, and the next object is often the child of the last one. And they call
 * nothing: V8 would keep every value of the loop on the stack for the sake of a call that it hardly ever makes.
 */
import * as layout from "../../layout";
import { Dict, List } from "../../layout";
import { collector } from "../../state";
import { discard } from "../../object/core/alloc";
import { ORPHANS } from "../../object/death/deferred";
import { postpone } from "../../object/death/hooks";
import {
  countOf,
  headerOf,
  isTagged,
  metaOf,
  setCount,
  setHeader,
  setMeta,
  typeByMeta,
} from "../../object/core/header";
import { mayHoldContainers } from "../../object/core/young-pages";
import { COLOURED, COLOURS, WHITE } from "../heap/colour";
import { RESCAN, markPage } from "../heap/pages";
import { follow, gather, rescue, tally } from "../step/shadow";

/** Takes the reference out of the child's count. */
export const SUBTRACT: u32 = 0;
/** Puts it back. */
export const RESTORE: u32 = 1;
/** Puts it back, and reaches the child if it is white and behind `where`; the state is the top of the mark stack. */
export const MARK: u32 = 2;
/** Has it looked at again if it is white and counted: there was no room on the stack. */
export const NOTE: u32 = 3;
/** Releases it for good, unless the child belongs to the set, or is gone already. */
export const RELEASE: u32 = 4;
/** Writes it to the address that the state is; the state goes up by 4. */
export const LIST: u32 = 5;
/** The state becomes 1 if the child is a container that may be tracked, or null. */
export const TRACKABLE: u32 = 6;
/** The state goes up by 1. */
export const COUNT: u32 = 7;
/** The state becomes 1 if the child is the object at `where`. */
export const FIND: u32 = 8;
/** Collections in slices: counts it in the child's shadow. */
export const TALLY: u32 = 10;
/** Reaches the child; takes it into a piece; finds that it is held, `where` the shadow that it gets. The state is a stack's top. */
export const FOLLOW: u32 = 11;
export const GATHER: u32 = 12;
export const RESCUE: u32 = 13;
/** Adds `where` to the count of any mortal child; the state becomes the first child whose count is below 0 then. */
export const ADD: u32 = 9;

/**
 * Visits the children of `object`, whose meta word is `meta` and whose type's scan word is `scan`. `mask` and `pattern`
 * say which set is looked at; `state` goes from child to child.
 */
// @ts-ignore: decorator
@inline
export function visit(
  act: u32,
  object: usize,
  meta: u32,
  scan: u32,
  mask: u64,
  pattern: u64,
  where: usize,
  state: usize,
): usize {
  const kind = scan & layout.SCAN_KIND;
  let slot = object + (scan & layout.SCAN_X);
  let last: usize = scan >>> layout.SCAN_Y_SHIFT;
  if (kind == layout.SCAN_FIELDS) last += slot;
  else if (kind != layout.SCAN_PIECES) {
    last = (<usize>load<u32>(object + last)) << 2;
    if (kind == layout.SCAN_BUFFER) slot = load<u32>(slot);
    last += slot;
  } else {
    const type = typeByMeta(meta);
    let offset = changetype<usize>(type) + layout.TYPE_OFFSETS;
    const offsets = offset + (type.refs << 2);
    for (; offset < offsets; offset += 4) {
      state = look(act, <usize>load<u32>(object + load<u32>(offset)), mask, pattern, where, state);
    }
    const flags = type.flags;
    if (flags & layout.FLAG_ENTRIES) {
      const dict = changetype<Dict>(object);
      slot = dict.table + layout.ENTRY_KEY;
      last = slot + dict.filled * layout.ENTRY_BYTES;
      // Key, value, next entry's key …
      let step = layout.ENTRY_VALUE - layout.ENTRY_KEY;
      while (slot < last) {
        state = look(act, <usize>load<u32>(slot), mask, pattern, where, state);
        slot += step;
        step = layout.ENTRY_BYTES - step;
      }
    } else if (flags & layout.FLAG_ITEMS_REF) {
      slot = object + type.itemsOffset;
      if (flags & layout.FLAG_BUFFER) slot = load<u32>(slot);
      last = slot + ((<usize>load<u32>(object + type.lengthOffset)) << 2);
    }
  }
  for (; slot < last; slot += 4) state = look(act, <usize>load<u32>(slot), mask, pattern, where, state);
  return state;
}

/**
 * The same for a list, the commonest container, whose offsets are constants. Whether a page can hold any of the set is
 * not asked: it spares little where numbers are the children, and costs pairs of lists 9 %.
 */
// @ts-ignore: decorator
@inline
export function visitList(act: u32, list: usize, mask: u64, pattern: u64, where: usize, state: usize): usize {
  let slot = changetype<List>(list).items;
  const last = changetype<List>(list).at(changetype<List>(list).length);
  for (; slot < last; slot += 4) state = see(act, <usize>load<u32>(slot), mask, pattern, where, state);
  return state;
}

/**
 * What a pass expects of a page: lists, records of one type, anything. It begins with the first, and goes on with the
 * next where it meets something else. What is expected is constant in a loop, which leaves registers for the rest; each
 * loop is a function of its own, as V8 changes to optimised code when one is entered.
 */
export const LISTS: u32 = 0;
export const RECORDS: u32 = 1;
export const ANYTHING: u32 = 2;

/** visit() where it is known what is expected. */
// @ts-ignore: decorator
@inline
export function visitExpected(
  expected: u32,
  act: u32,
  object: usize,
  meta: u32,
  scan: u32,
  mask: u64,
  pattern: u64,
  where: usize,
  state: usize,
): usize {
  if (expected == LISTS) return visitList(act, object, mask, pattern, where, state);
  if (expected == ANYTHING) return visit(act, object, meta, scan, mask, pattern, where, state);
  let slot = object + (scan & layout.SCAN_X);
  const last = slot + (scan >>> layout.SCAN_Y_SHIFT);
  for (; slot < last; slot += 4) state = look(act, <usize>load<u32>(slot), mask, pattern, where, state);
  return state;
}

/** Whether one run of fields is all that instances of a type refer with. `scan` is the type's. */
// @ts-ignore: decorator
@inline
export function hasOnlyFields(scan: u32): bool {
  return (scan & layout.SCAN_KIND) == layout.SCAN_FIELDS;
}

// @ts-ignore: decorator
@inline
export function scanOf(meta: u32): u32 {
  return typeByMeta(meta).scan;
}

/** As see(), without a look at a child on a page that cannot hold any of the set. */
// @ts-ignore: decorator
@inline
function look(act: u32, child: usize, mask: u64, pattern: u64, where: usize, state: usize): usize {
  if ((act == SUBTRACT || act == MARK) && !mayHoldContainers(child)) return state;
  return see(act, child, mask, pattern, where, state);
}

/** The null page reads as an object that belongs to no set, so what looks at headers needs no test for null. */
// @ts-ignore: decorator
@inline
export function see(act: u32, child: usize, mask: u64, pattern: u64, where: usize, state: usize): usize {
  if (act != LIST && act != COUNT && act != FIND && isTagged(child)) return state;
  if (act == SUBTRACT) {
    const header = headerOf(child);
    if ((header & mask) == pattern) {
      if (<i32>header > 0) setHeader(child, header - 1);
      else {
        // −1 is 0xbfffffff: negative, but without the bit that would make it immortal.
        setCount(child, (<i32>header - 1) & ~layout.COUNT_LIMIT);
        collector.damaged = child;
      }
    }
  } else if (act == RESTORE) {
    const header = headerOf(child);
    if ((header & mask) == pattern) setCount(child, <i32>header < 0 ? repay(<i32>header) : <i32>header + 1);
  } else if (act == MARK) {
    const header = headerOf(child);
    if ((header & mask) == pattern) {
      if (child < where) {
        if (header & WHITE) state = reach(child, header + 1, pattern, state);
        else setHeader(child, header + 1);
      } else setHeader(child, header + 1);
    }
  } else if (act == NOTE) {
    const header = headerOf(child);
    if ((header & mask) == pattern && header & WHITE && <i32>header > 0) markPage(child, RESCAN);
  } else if (act == RELEASE) {
    const header = headerOf(child);
    const meta = <u32>(header >>> 32);
    // The count word of an orphan is its link. META_DYING is set then, so a second reference to it is passed over.
    if (
      (header & mask) != pattern &&
      (meta & (layout.META_TYPE | layout.META_DYING)) - 1 < layout.META_TYPE
    ) {
      const count = <i32>header;
      if (count > 1) {
        if (count < layout.COUNT_LIMIT) setCount(child, count - 1);
      } else releaseLast(child, meta);
    }
  } else if (act == LIST) {
    if (child) {
      store<u32>(state, <u32>child);
      state += 4;
    }
  } else if (act == TRACKABLE) {
    if (!child || mayBeTracked(child)) state = 1;
  } else if (act == COUNT) {
    state += usize(child != 0);
  } else if (act == FIND) {
    if (child == where) state = 1;
  } else if (act == ADD) {
    state = add(child, <i32>where, state);
  } else if (act == TALLY) {
    tally(child);
  } else if (act == FOLLOW) {
    state = follow(child, state);
  } else if (act == GATHER) {
    state = gather(child, state);
  } else if (act == RESCUE) {
    state = rescue(child, <u32>where, state);
  }
  return state;
}

/** Puts a white object on the stack, if there is room; else it stays white. */
// @ts-ignore: decorator
@inline
function reach(object: usize, header: u64, pattern: u64, top: usize): usize {
  if (top >= collector.stackEnd) {
    setHeader(object, header);
    return top;
  }
  setHeader(object, reached(header, pattern));
  store<u32>(top, <u32>object);
  return top + 4;
}

/** The header of a white object that is reached. */
// @ts-ignore: decorator
@inline
export function reached(header: u64, pattern: u64): u64 {
  return header ^ (pattern == COLOURED ? WHITE : COLOURS);
}

/** Adds 1 to a negative count. */
function repay(count: i32): i32 {
  const more = (count | layout.COUNT_LIMIT) + 1;
  return more < 0 ? more & ~layout.COUNT_LIMIT : more;
}

/** Whether the object can become part of a cycle. A tuple cannot once it is untracked, unless it is changed; see retrack(). */
function mayBeTracked(object: usize): bool {
  const meta = metaOf(object);
  if (!(typeByMeta(meta).flags & layout.FLAG_CONTAINER)) return false;
  if ((meta & layout.META_TYPE) != layout.TYPE_TUPLE || meta & layout.META_TRACKED) return true;
  setMeta(object, meta | layout.META_HELD);
  return false;
}

/** Trash held the last reference. What has more to do at death than release its block waits until the trash is gone. */
function releaseLast(child: usize, meta: u32): void {
  if ((meta & (layout.META_LEAF | layout.META_HOOKS)) == layout.META_LEAF) {
    discard(child, typeByMeta(meta));
    return;
  }
  postpone(child, meta, ORPHANS);
}

/** Adds to the count of a mortal object, if it is one. `first`; if that is 0 and the count is below 0 now, the object. */
function add(object: usize, by: i32, first: usize): usize {
  const count = countOf(object);
  if (!object || count & layout.COUNT_LIMIT) return first;
  const sum = (count < 0 ? count | layout.COUNT_LIMIT : count) + by;
  setCount(object, sum & ~layout.COUNT_LIMIT);
  return first || sum >= 0 ? first : object;
}
