/**
 * Visits every reference of an object: a loop over its type's data. What is done with a child is chosen by a constant,
 * so that each caller gets loops of its own with nothing to call; `state` goes from child to child.
 */
import {
  COUNT_LIMIT,
  DICT_FILLED,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_KEY,
  ENTRY_VALUE,
  FLAG_BUFFER,
  FLAG_CONTAINER,
  FLAG_ENTRIES,
  FLAG_ITEMS_REF,
  META_COLOUR,
  META_DYING,
  META_HOOKS,
  META_LEAF,
  META_TRACKED,
  META_TYPE,
  STATE_GC_ORPHANS,
  TYPE_FLAGS,
  TYPE_ITEMS,
  TYPE_LENGTH,
  TYPE_OFFSETS,
  TYPE_REFS,
  TYPE_TUPLE,
} from "../layout";
import { setWord, word } from "../state";
import { discard } from "../object/alloc";
import { describe, metaOf, setMeta } from "../object/header";
import { GREY, WHITE, belongs } from "./colour";
import { RESCAN, markPage } from "./pages";

/** Takes the reference out of the child's count; the state collects the signs of the counts. */
export const SUBTRACT: u32 = 0;
/** Puts it back. */
export const RESTORE: u32 = 1;
/** Puts it back, and reaches the child if nobody did before; the state is the top of the mark stack. */
export const MARK: u32 = 2;
/** Releases it for good, unless the child belongs to the set, or is gone already. */
export const RELEASE: u32 = 3;
/** Writes it to the address that the state is; the state goes up by 4. */
export const LIST: u32 = 4;
/** The state becomes 1 if the child is a container that may be tracked, or null. */
export const TRACKABLE: u32 = 5;
/** The state goes up by 1. */
export const COUNT: u32 = 6;
/** The state becomes 1 if the child is the object that `mask` is the address of. */
export const FIND: u32 = 7;

/**
 * Visits the children of `object`, whose meta word is `meta`. `mask`, `flip` and `limit` say which set is looked at;
 * `black` is the colour of what is reached and `end` the end of the mark stack.
 */
// @ts-ignore: decorator
@inline
export function visit(
  act: u32,
  object: usize,
  meta: u32,
  mask: u32,
  flip: u32,
  limit: u32,
  black: u32,
  end: usize,
  state: usize,
): usize {
  const type = describe(meta);
  const flags = load<u32>(type, TYPE_FLAGS);
  let offset = type + TYPE_OFFSETS;
  const offsets = offset + ((<usize>load<u32>(type, TYPE_REFS)) << 2);
  while (offset < offsets) {
    const child = <usize>load<u32>(object + load<u32>(offset));
    state = see(act, child, mask, flip, limit, black, end, state);
    offset += 4;
  }
  if (flags & FLAG_ITEMS_REF) {
    let slot = object + load<u32>(type, TYPE_ITEMS);
    if (flags & FLAG_BUFFER) slot = load<u32>(slot);
    const last = slot + ((<usize>load<u32>(object + load<u32>(type, TYPE_LENGTH))) << 2);
    while (slot < last) {
      state = see(act, <usize>load<u32>(slot), mask, flip, limit, black, end, state);
      slot += 4;
    }
  } else if (flags & FLAG_ENTRIES) {
    let slot = <usize>load<u32>(object, DICT_TABLE);
    const last = slot + <usize>load<u32>(object, DICT_FILLED) * ENTRY_BYTES;
    while (slot < last) {
      state = see(act, <usize>load<u32>(slot, ENTRY_KEY), mask, flip, limit, black, end, state);
      state = see(act, <usize>load<u32>(slot, ENTRY_VALUE), mask, flip, limit, black, end, state);
      slot += ENTRY_BYTES;
    }
  }
  return state;
}

// @ts-ignore: decorator
@inline
function see(
  act: u32,
  child: usize,
  mask: u32,
  flip: u32,
  limit: u32,
  black: u32,
  end: usize,
  state: usize,
): usize {
  if (!child) return act == TRACKABLE ? 1 : state;
  if (act == SUBTRACT) {
    const header = load<u64>(child);
    const count = <i32>header;
    if (belongs(<u32>(header >>> 32), mask, flip, limit) && count < COUNT_LIMIT) {
      store<i32>(child, count - 1);
      state |= <usize>(count - 1);
    }
  } else if (act == RESTORE) {
    const header = load<u64>(child);
    const count = <i32>header;
    if (belongs(<u32>(header >>> 32), mask, flip, limit) && count < COUNT_LIMIT) store<i32>(child, count + 1);
  } else if (act == MARK) {
    const header = load<u64>(child);
    const count = <i32>header;
    const meta = <u32>(header >>> 32);
    if (belongs(meta, mask, flip, limit) && count < COUNT_LIMIT) {
      if ((meta & META_COLOUR) == WHITE) {
        const colour = state < end ? black : GREY;
        store<u64>(child, ((<u64>((meta & ~META_COLOUR) | colour)) << 32) | (<u64>(<u32>(count + 1))));
        if (state < end) {
          store<u32>(state, <u32>child);
          state += 4;
        } else markPage(child, RESCAN);
      } else store<i32>(child, count + 1);
    }
  } else if (act == RELEASE) {
    const meta = metaOf(child);
    if (meta & META_TYPE && !belongs(meta, mask, flip, limit)) {
      const count = load<i32>(child);
      if (count > 1) {
        if (count < COUNT_LIMIT) store<i32>(child, count - 1);
      } else releaseLast(child, meta);
    }
  } else if (act == LIST) {
    store<u32>(state, <u32>child);
    state += 4;
  } else if (act == TRACKABLE) {
    if (mayBeTracked(metaOf(child))) state = 1;
  } else if (act == COUNT) {
    state++;
  } else if (act == FIND) {
    if (<u32>child == mask) state = 1;
  }
  return state;
}

/** Can the object become part of a cycle? A tuple cannot any more once it is untracked. */
function mayBeTracked(meta: u32): bool {
  if (!(load<u32>(describe(meta), TYPE_FLAGS) & FLAG_CONTAINER)) return false;
  return (meta & META_TYPE) != TYPE_TUPLE || (meta & META_TRACKED) != 0;
}

/** Trash held the last reference. What has more to do at death than release its block waits until the trash is gone. */
function releaseLast(child: usize, meta: u32): void {
  if ((meta & (META_LEAF | META_HOOKS)) == META_LEAF) {
    discard(child, describe(meta));
    return;
  }
  setMeta(child, (meta | META_DYING) & ~META_TRACKED);
  store<u32>(child, word(STATE_GC_ORPHANS));
  setWord(STATE_GC_ORPHANS, <u32>child);
}
