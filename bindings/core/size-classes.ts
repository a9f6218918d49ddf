import { LAST_CLASS, MEDIUM_CLASSES, SMALL_CLASSES } from "../generated/layout.js";

export { LAST_CLASS };

/**
 * Bytes of a block of size class `index`, 1 ≤ index ≤ {@link LAST_CLASS}: steps of 8 to 512, then eight a doubling.
 * The equation of assembly/layout/index.ts; a test holds it against the core.
 */
export function classBytes(index: number): number {
  if (index <= SMALL_CLASSES) return index * 8;
  const step = index - (LAST_CLASS - MEDIUM_CLASSES + 1);
  return (9 + (step & 7)) << (6 + (step >>> 3));
}
