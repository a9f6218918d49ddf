/** Size classes: the one place that turns bytes into classes and back. See layout/size-classes.ts for the equation. */
import {
  PAGE_BYTES,
  SINGLE_PAGE_CLASSES,
  SLAB_LOOSE_SHIFT,
  SLAB_TIGHT_SHIFT,
  SMALL_CLASSES,
  SMALL_LIMIT,
} from "../layout";
import { state } from "../state";

/** Bytes of a block of class c. */
export function classBytes(c: u32): u32 {
  if (c <= SMALL_CLASSES) return c << 3;
  const step = c - (SMALL_CLASSES + 1);
  return (9 + (step & 7)) << (6 + (step >>> 3));
}

/**
 * Bytes of the raw block that serves `size` bytes, 1 ≤ size ≤ SMALL_LIMIT: 8 for up to 8 bytes, else the next multiple
 * of 16, which keeps blocks of 16 bytes and more 16-aligned. A size of 0 wraps to 2³² − 8.
 */
// @ts-ignore: decorator
@inline
export function rawBytes(size: usize): usize {
  return ((size + 15) & ~15) - (usize(size <= 8) << 3);
}

/** Class of a raw request of 1 … MEDIUM_LIMIT bytes; above the threshold in steps of at most 12.5 %. */
export function rawClass(size: usize): u32 {
  if (size <= state.threshold) return (<u32>rawBytes(size)) >>> 3;
  return steppedClass(size);
}

/** Class of a request of 257 … MEDIUM_LIMIT bytes in eight steps a doubling. */
export function steppedClass(size: usize): u32 {
  const last = <u32>size - 1;
  const top = 31 - clz(last);
  const step = (last >>> (top - 3)) & 7;
  // Steps of 32 bytes from 256 to 512 are every fourth of the 8-byte classes.
  return size <= SMALL_LIMIT ? (9 + step) << 2 : mediumClass(size);
}

/** Class of a request of 513 … MEDIUM_LIMIT bytes: steppedClass() where the steps are those of slabs. */
// @ts-ignore: decorator
@inline
export function mediumClass(size: usize): u32 {
  const last = <u32>size - 1;
  const top = 31 - clz(last);
  // last >>> (top − 3) is 8 + step, and a doubling has eight steps.
  return (top << 3) + (last >>> (top - 3)) - (8 + 9 * 8 - (SMALL_CLASSES + 1));
}

/** Pages of a new slab of class c, of which `slabs` exist: the fewest that leave no more unused than allowed. */
export function slabPages(c: u32, slabs: u32): u32 {
  if (c <= SINGLE_PAGE_CLASSES) return 1;
  const shift = slabs ? SLAB_TIGHT_SHIFT : SLAB_LOOSE_SHIFT;
  const bytes = classBytes(c);
  let pages: u32 = (bytes + (PAGE_BYTES - 1)) / PAGE_BYTES;
  while (((pages * PAGE_BYTES) % bytes) << shift > pages * PAGE_BYTES) pages++;
  return pages;
}
