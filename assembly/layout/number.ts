import { ObjectHeader } from "./object-header";

/** int and bool:  ├ header 8 │ value i64 ┤ */
@unmanaged
@final
export class Int extends ObjectHeader {
  value: i64;
}

/** float:  ├ header 8 │ value f64 ┤ */
@unmanaged
@final
export class Float extends ObjectHeader {
  value: f64;
}

/**
 * With the option taggedInts a reference may be an int of 31 bits itself: no object, no count.
 *
 *   ├ value 31 │ 1 ┤      an address has 000 there
 */
export const INT_TAG: u32 = 1;

/** The int that a tagged reference is. */
// @ts-ignore: decorator
@inline
export function taggedValue(reference: usize): i64 {
  return <i64>((<i32>reference) >> 1);
}

/** Of ints and floats. */
export const VALUE: u32 = offsetof<Int>("value");

/** Small ints are shared: −5 … 256, as in CPython before 3.15. */
export const SMALL_INT_FIRST: i32 = -5;
export const SMALL_INTS: u32 = 262;
