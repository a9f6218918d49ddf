/**
 * str: Latin-1 or UTF-16 code units, whichever is the narrower that fits, as JavaScript engines store theirs, so that
 * an index is an address, lone surrogates survive, and equal strings have equal bytes. bytes: just that.
 */
import * as layout from "../../layout";
import { Str } from "../../layout";
import { chars, objects } from "../../state";
import { refuse } from "../../alloc/malloc";
import { newVarInstance, tryNewVarInstance } from "../core/alloc";
import { typeById } from "../core/header";

/** More units than a str that is made without a call can have. */
const TRY_UNITS: u32 = 128;

/** A new str of zeros for the caller to fill before anybody sees it; the shared empty one for length 0. */
export function newStr(length: u32, wide: u32): usize {
  if (!length) return objects.emptyStr;
  if (length >= 0x7fffff00) return refuse(layout.FAULT_MEMORY, 0);
  return widen(newVarInstance(typeById(layout.TYPE_STR), wide ? length << 1 : length), length, wide);
}

/** newStr of at least one unit, if its size class has a block at hand, else 0. */
// @ts-ignore: decorator
@inline
export function tryStr(length: u32, wide: u32): usize {
  if (length - 1 >= TRY_UNITS) return 0;
  return widen(tryNewVarInstance(typeById(layout.TYPE_STR), length << wide), length, wide);
}

/** The length of a str that was made with so many bytes, if it has two a unit. */
// @ts-ignore: decorator
@inline
function widen(pointer: usize, length: u32, wide: u32): usize {
  if (pointer && wide) {
    const str = changetype<Str>(pointer);
    str.length = length;
    str.meta = str.meta | layout.META_WIDE;
  }
  return pointer;
}

/** The shared str of one Latin-1 character. */
export function charStr(code: u32): usize {
  if (code > 255) return refuse(layout.FAULT_ARGUMENT, 0);
  const known = chars[code];
  if (known) return known;
  const str = newStr(1, 0);
  if (!str) return 0;
  store<u8>(str, <u8>code, layout.STR_DATA);
  changetype<Str>(str).count = layout.COUNT_IMMORTAL;
  chars[code] = str;
  return str;
}

/** New bytes of zeros for the caller to fill; the shared empty ones for length 0. */
export function newBytes(length: u32): usize {
  return length ? newVarInstance(typeById(layout.TYPE_BYTES), length) : objects.emptyBytes;
}
