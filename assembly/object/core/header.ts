/**
 * The header of an object: a count and a meta word; see layout.ts for the bits.
 *
 * Counts saturate: an immortal one has bit 30 set and is never changed, and a mortal one that is counted up to 2^30
 * has become immortal by that.
 */
import { COUNT_IMMORTAL, COUNT_LIMIT, META_TYPE, OBJECT_META, STATE_TYPES } from "../../layout";
import { word } from "../../state";

// @ts-ignore: decorator
@inline
export function metaOf(object: usize): u32 {
  return load<u32>(object, OBJECT_META);
}

// @ts-ignore: decorator
@inline
export function setMeta(object: usize, meta: u32): void {
  store<u32>(object, meta, OBJECT_META);
}

// @ts-ignore: decorator
@inline
export function typeOf(object: usize): u32 {
  return load<u16>(object, OBJECT_META);
}

// @ts-ignore: decorator
@inline
export function descriptor(type: u32): usize {
  return load<u32>(<usize>word(STATE_TYPES) + ((<usize>type) << 2));
}

/** Descriptor of the type that a meta word names. */
// @ts-ignore: decorator
@inline
export function describe(meta: u32): usize {
  return descriptor(meta & META_TYPE);
}

// @ts-ignore: decorator
@inline
export function countOf(object: usize): i32 {
  return load<i32>(object);
}

/**
 * Is this the header of an object with more than one reference? Not so of a block that is free because somebody released
 * what was not his: its meta word is 0, and its count word the link of a free list.
 */
// @ts-ignore: decorator
@inline
export function isShared(header: u64): bool {
  return <i32>header > 1 && header >>> 32 != 0;
}

// @ts-ignore: decorator
@inline
export function incref(object: usize): void {
  const count = load<i32>(object);
  if (count < COUNT_LIMIT) store<i32>(object, count + 1);
}

export function makeImmortal(object: usize): void {
  store<i32>(object, COUNT_IMMORTAL);
}
