/**
 * Headers of objects of any type, which are plain addresses; layout/object-header.ts has the bits.
 *
 * Counts saturate: an immortal one has bit 30 set and is never changed, and a mortal one that is counted up to 2^30
 * has become immortal by that.
 */
import { COUNT_IMMORTAL, COUNT_LIMIT, INT_TAG, META_TYPE, ObjectHeader, TypeDescriptor } from "../../layout";
import { objects } from "../../state";

// @ts-ignore: decorator
@inline
export function metaOf(object: usize): u32 {
  return changetype<ObjectHeader>(object).meta;
}

// @ts-ignore: decorator
@inline
export function setMeta(object: usize, meta: u32): void {
  changetype<ObjectHeader>(object).meta = meta;
}

/** Count in the low half, meta word in the high one; see ObjectHeader.whole. */
// @ts-ignore: decorator
@inline
export function headerOf(object: usize): u64 {
  return changetype<ObjectHeader>(object).whole;
}

// @ts-ignore: decorator
@inline
export function setHeader(object: usize, header: u64): void {
  changetype<ObjectHeader>(object).whole = header;
}

/** Whether a reference is an int itself, and no object. */
// @ts-ignore: decorator
@inline
export function isTagged(reference: usize): bool {
  return (reference & INT_TAG) != 0;
}

/** Id of an object's type. */
// @ts-ignore: decorator
@inline
export function typeIdOf(object: usize): u32 {
  return changetype<ObjectHeader>(object).typeId;
}

// @ts-ignore: decorator
@inline
export function typeById(id: u32): TypeDescriptor {
  return load<TypeDescriptor>(objects.types + (id << 2));
}

/** The type that a meta word names. */
// @ts-ignore: decorator
@inline
export function typeByMeta(meta: u32): TypeDescriptor {
  return typeById(meta & META_TYPE);
}

/** The type of an object. */
// @ts-ignore: decorator
@inline
export function typeOf(object: usize): TypeDescriptor {
  return typeByMeta(metaOf(object));
}

// @ts-ignore: decorator
@inline
export function countOf(object: usize): i32 {
  return changetype<ObjectHeader>(object).count;
}

// @ts-ignore: decorator
@inline
export function setCount(object: usize, count: i32): void {
  changetype<ObjectHeader>(object).count = count;
}

/**
 * The count word of an object that is dying, or waits to die, holds an address. As a count it is below 1, so that a reference
 * that nobody owned is neither counted down nor taken for the last one.
 *
 *   ├ 1 │ address / 2 ┤, as a count below 1; 0 = leads nowhere
 */
// @ts-ignore: decorator
@inline
export function linkTo(address: usize): u32 {
  return address ? (address >>> 1) | 0x8000_0000 : 0;
}

/** The address in such a count word. */
// @ts-ignore: decorator
@inline
export function linkOf(object: usize): usize {
  return (<usize>countOf(object)) << 1;
}

/**
 * Whether this is the header of an object with more than one reference. Not so of a block that is free because somebody
 * released a reference it did not own: its meta word is 0, and its count word the link of a free list.
 */
// @ts-ignore: decorator
@inline
export function isShared(header: u64): bool {
  return <i32>header > 1 && header >>> 32 != 0;
}

// @ts-ignore: decorator
@inline
export function incref(object: usize): void {
  if (isTagged(object)) return;
  const count = countOf(object);
  if (count < COUNT_LIMIT) changetype<ObjectHeader>(object).count = count + 1;
}

export function makeImmortal(object: usize): void {
  changetype<ObjectHeader>(object).count = COUNT_IMMORTAL;
}
