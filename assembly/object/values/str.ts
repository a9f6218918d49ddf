/**
 * str: Latin-1 or UTF-16 code units, whichever is the narrower that fits, as JavaScript engines store theirs, so that
 * an index is an address, lone surrogates survive, and equal strings have equal bytes. bytes: just that.
 */
import {
  COUNT_IMMORTAL,
  FAULT_ARGUMENT,
  FAULT_MEMORY,
  META_WIDE,
  STATE_CHARS,
  STATE_EMPTY_BYTES,
  STATE_EMPTY_STR,
  STR_DATA,
  STR_LENGTH,
  TYPE_BYTES,
  TYPE_STR,
} from "../../layout";
import { setWord, word } from "../../state";
import { fault } from "../../alloc/malloc";
import { allocateItems, allocateItemsListed } from "../core/alloc";
import { descriptor, metaOf, setMeta } from "../core/header";

/** More units than a str that is made without a call can have. */
const QUICK_UNITS: u32 = 128;

/** A new str of zeros for the caller to fill before anybody sees it; the shared empty one for length 0. */
export function newStr(length: u32, wide: u32): usize {
  if (!length) return word(STATE_EMPTY_STR);
  if (length >= 0x7fffff00) {
    fault(FAULT_MEMORY, 0);
    return 0;
  }
  const str = allocateItems(descriptor(TYPE_STR), wide ? length << 1 : length);
  if (str && wide) {
    store<u32>(str, length, STR_LENGTH);
    setMeta(str, metaOf(str) | META_WIDE);
  }
  return str;
}

/** newStr of at least one unit, if its size class has a block at hand, else 0. */
// @ts-ignore: decorator
@inline
export function newStrListed(length: u32, wide: u32): usize {
  if (length - 1 >= QUICK_UNITS) return 0;
  const str = allocateItemsListed(descriptor(TYPE_STR), length << wide);
  if (str && wide) {
    store<u32>(str, length, STR_LENGTH);
    setMeta(str, metaOf(str) | META_WIDE);
  }
  return str;
}

/** The shared str of one Latin-1 character. */
export function charStr(code: u32): usize {
  if (code > 255) {
    fault(FAULT_ARGUMENT, 0);
    return 0;
  }
  const known = word(STATE_CHARS + (code << 2));
  if (known) return known;
  const str = newStr(1, 0);
  if (!str) return 0;
  store<u8>(str, <u8>code, STR_DATA);
  store<i32>(str, COUNT_IMMORTAL);
  setWord(STATE_CHARS + (code << 2), <u32>str);
  return str;
}

/** New bytes of zeros for the caller to fill; the shared empty ones for length 0. */
export function newBytes(length: u32): usize {
  return length ? allocateItems(descriptor(TYPE_BYTES), length) : word(STATE_EMPTY_BYTES);
}
