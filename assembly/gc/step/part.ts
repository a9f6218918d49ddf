/**
 * A long object, such as a list of a million items, is looked at in parts, or a slice would be as long as it. What the program
 * does to it between two parts makes guesses wrong, at most.
 */
import * as layout from "../../layout";
import { typeByMeta } from "../../object/core/header";
import { itemsOf } from "../../object/death/slots";
import { see } from "../pass/visit";

/**
 * Items of a part, and the weight from which on an object is long. A part takes less than one call of the core is asked for,
 * and what one pushes is an eighth of the stack.
 */
export const PART: u32 = 512;

const WITH_ITEMS: u32 = layout.FLAG_ENTRIES | layout.FLAG_ITEMS_REF;

/** References of an object, about. */
// @ts-ignore: decorator
@inline
export function weightOf(object: usize, meta: u32, scan: u32): u32 {
  const y = scan >>> layout.SCAN_Y_SHIFT;
  const kind = scan & layout.SCAN_KIND;
  if (kind == layout.SCAN_FIELDS) return 1 + (y >>> 2);
  return 1 + (kind == layout.SCAN_PIECES ? itemCount(object, meta) + 8 : load<u32>(object + y));
}

/** Items or entries of an object whose type has such. */
function itemCount(object: usize, meta: u32): u32 {
  const type = typeByMeta(meta);
  return type.flags & WITH_ITEMS ? load<u32>(object + type.lengthOffset) : 0;
}

/** The item that follows a part; 0 if that was the last one. */
// @ts-ignore: decorator
@inline
export function nextPart(object: usize, meta: u32, from: u32): u32 {
  const next = from + PART;
  return next < itemCount(object, meta) ? next : 0;
}

/** Visits a part of an object, from item `from` on; its fields belong to the first one. The new state. */
// @ts-ignore: decorator
@inline
export function visitPart(act: u32, object: usize, meta: u32, from: u32, state: usize): usize {
  const type = typeByMeta(meta);
  const end = min(from + PART, itemCount(object, meta));
  for (let i: u32 = 0; !from && i < type.refs; i++) {
    state = see(act, load<usize>(object + type.refOffset(i)), 0, 0, 0, state);
  }
  // It may have become shorter since the part before.
  let count = end > from ? end - from : 0;
  let slot = itemsOf(object, type);
  // From item to item; or from an entry's key to its value, and to the next one's key.
  let step: usize = 4;
  let both: usize = 8;
  if (type.flags & layout.FLAG_ENTRIES) {
    slot += from * layout.ENTRY_BYTES + layout.ENTRY_KEY;
    step = layout.ENTRY_VALUE - layout.ENTRY_KEY;
    both = layout.ENTRY_BYTES;
    count <<= 1;
  } else slot += from << 2;
  for (; count; count--) {
    state = see(act, load<usize>(slot), 0, 0, 0, state);
    slot += step;
    step = both - step;
  }
  return state;
}
