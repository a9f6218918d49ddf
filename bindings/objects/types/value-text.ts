import * as layout from "../../generated/layout.js";
import type { Views } from "../../core/memory.js";

/** Code units of a str that are shown. */
const SHOWN = 100;

/** The value of a live None, bool, int, float or str as text; long ones cut. Undefined for an object of another type. */
export function valueText(views: Views, p: number, type: number): string | undefined {
  switch (type) {
    case layout.TYPE_NONE:
      return "None";
    case layout.TYPE_BOOL:
      return views.u32[(p + layout.VALUE) >>> 2] === 0 ? "False" : "True";
    case layout.TYPE_INT:
      return String(intAt(views, p));
    case layout.TYPE_FLOAT:
      return String(views.f64[(p + layout.VALUE) >>> 3]);
    case layout.TYPE_STR:
      return strAt(views, p);
    default:
      return undefined;
  }
}

function intAt({ i32, i64 }: Views, p: number): number | bigint {
  const word = (p + layout.VALUE) >>> 2;
  const low = i32[word]!;
  return i32[word + 1] === low >> 31 ? low : i64[word >>> 1]!;
}

function strAt({ u8, u16, u32 }: Views, p: number): string {
  const isWide = (u32[(p >>> 2) + 1]! & layout.META_WIDE) !== 0;
  const units = isWide ? u16 : u8;
  const first = (p + layout.STR_DATA) >>> (isWide ? 1 : 0);
  const length = u32[(p + layout.STR_LENGTH) >>> 2]!;
  const text = String.fromCharCode(...units.subarray(first, first + Math.min(length, SHOWN)));
  return length > SHOWN ? `${text}…` : text;
}
