/**
 * What a collection knows of an object: its colour, and whether it belongs to the set that is looked at. There are two
 * sets, and membership in either is one comparison of the meta word:
 *
 *   YOUNGER    the tracked objects up to a generation, the limit      the first look
 *   COLOURED   the objects with a colour: the trash that was found    the second look, after host code has run
 *
 *   white   no reference from outside of the set is known so far
 *   saved   reached in the second look; in the first look what is reached has no colour
 */
import {
  META_COLOUR,
  META_COLOUR_SHIFT,
  META_DYING,
  META_GENERATION,
  META_GENERATION_SHIFT,
  META_TRACKED,
} from "../layout";

export const WHITE: u32 = 1 << META_COLOUR_SHIFT;
export const SAVED: u32 = 2 << META_COLOUR_SHIFT;

export const YOUNGER: u32 = 0;
export const COLOURED: u32 = 1;

/** The limit for tracked objects up to a generation. */
// @ts-ignore: decorator
@inline
export function upTo(generation: u32): u32 {
  return generation << META_GENERATION_SHIFT;
}

// @ts-ignore: decorator
@inline
export function belongs(meta: u32, set: u32, limit: u32): bool {
  if (set == COLOURED) return (meta & META_COLOUR) != 0;
  return ((meta & (META_TRACKED | META_GENERATION)) ^ META_TRACKED) <= limit;
}

// @ts-ignore: decorator
@inline
export function isWhite(meta: u32): bool {
  return (meta & (META_COLOUR | META_DYING)) == WHITE;
}

/** The meta word of a white object that is reached. */
// @ts-ignore: decorator
@inline
export function reachedMeta(meta: u32, set: u32): u32 {
  return set == COLOURED ? meta ^ (WHITE | SAVED) : meta ^ WHITE;
}

// @ts-ignore: decorator
@inline
export function generationOf(meta: u32): u32 {
  return (meta & META_GENERATION) >>> META_GENERATION_SHIFT;
}
