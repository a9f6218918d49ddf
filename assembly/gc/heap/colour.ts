/**
 * What a collection knows of an object: its colour, and whether it belongs to the set that is looked at. There are two
 * kinds of sets; membership is one comparison of the header:
 *
 *   header & mask == pattern
 *
 *   generations   tracked, not frozen, not older than a generation     the first look
 *   trash         coloured, not dying                                  the second look, after host code has run
 *
 * Immortal objects belong to no set: what they hold is held from outside.
 *
 *   white │ trash   white: no reference from outside of the set is known so far
 *   trash           reached in the second look
 *   neither         reached in the first look, or not looked at yet
 */
import * as layout from "../../layout";

/** Both bits, which is the colour of white objects; the colour of those that the second look reached. */
export const COLOUR: u32 = layout.META_WHITE | layout.META_TRASH;
export const SAVED: u32 = layout.META_TRASH;
/** As they stand in a header of eight bytes. */
export const COLOURS: u64 = (<u64>COLOUR) << 32;
export const WHITE: u64 = (<u64>layout.META_WHITE) << 32;
export const GENERATION: u32 = layout.META_OLDER | layout.META_OLDEST;

/** Bits of a meta word by which garbage calls the host, or weak references to it have to be cleared. */
export const HOOKS: u32 = layout.META_WEAK | layout.META_HOST | layout.META_FINALIZER;

/** Pattern of sets of generations. */
export const TRACKED: u64 = (<u64>layout.META_TRACKED) << 32;
/** Pattern and mask of the trash. */
export const COLOURED: u64 = (<u64>layout.META_TRASH) << 32;
export const COLOURED_MASK: u64 =
  ((<u64>(layout.META_TRASH | layout.META_DYING)) << 32) | (<u64>layout.COUNT_LIMIT);

/** Mask of all generations. */
export const ALL_GENERATIONS: u64 =
  ((<u64>(layout.META_TRACKED | layout.META_FROZEN)) << 32) | (<u64>layout.COUNT_LIMIT);

/** Mask of the generations up to one. */
export function upTo(generation: u32): u64 {
  const older = generation ? (generation == 1 ? layout.META_OLDEST : 0) : layout.META_OLDER;
  return ALL_GENERATIONS | ((<u64>older) << 32);
}

// @ts-ignore: decorator
@inline
export function isWhite(meta: u32): bool {
  return (meta & (layout.META_WHITE | layout.META_DYING)) == layout.META_WHITE;
}

/** Trash that a collection is dealing with, or dying: not for the host to see. */
// @ts-ignore: decorator
@inline
export function isHidden(meta: u32): bool {
  return (meta & (layout.META_TRASH | layout.META_DYING)) != 0;
}

// @ts-ignore: decorator
@inline
export function generationOf(meta: u32): u32 {
  return u32((meta & layout.META_OLDER) != 0) + u32((meta & layout.META_OLDEST) != 0);
}

/** The bits of a generation. */
// @ts-ignore: decorator
@inline
export function bitsOf(generation: u32): u32 {
  return generation ? (generation == 1 ? layout.META_OLDER : GENERATION) : 0;
}
