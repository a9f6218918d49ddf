import { INT_TAG } from "../generated/layout.js";

/**
 * An address in the heap's linear memory: an unsigned 32-bit number, 0 = null. The brand keeps plain numbers out at
 * compile time; at run time it is a number.
 */
export type Ptr = number & { readonly __brand: "tallyheap.Ptr" };

/** The null pointer. */
export const NULL = 0 as Ptr;

/** Whether a reference is an int of 31 bits itself (option taggedInts), and no address: those are multiples of 8. */
export function isTagged(p: number): boolean {
  return (p & INT_TAG) !== 0;
}

/** Largest value of a 32-bit size or address. */
export const MAX_U32 = 0xffff_ffff;

/** Whether `value` is an integer that a wasm i32 can carry unsigned. Never throws, also not for bigints and symbols. */
export function isU32(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}
