/**
 * What a collection knows of an object: its colour, and whether it belongs to the set that is looked at. Membership is
 * one comparison of the meta word, with three numbers that say which set: all containers up to a generation, or all
 * objects that have a colour (the trash, when it is looked at for the second time).
 *
 *   belongs = ((meta & mask) ^ flip) <= limit
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
export const GREY: u32 = 2 << META_COLOUR_SHIFT;
/** Black in the second look at trash; in the first look black is no colour. */
export const SAVED: u32 = 3 << META_COLOUR_SHIFT;

export const GENERATION_MASK: u32 = META_TRACKED | META_GENERATION;
export const GENERATION_FLIP: u32 = META_TRACKED;
export const COLOUR_MASK: u32 = META_COLOUR;
export const COLOUR_FLIP: u32 = META_COLOUR;
export const COLOUR_LIMIT: u32 = GREY;

/** The limit for containers up to a generation. */
// @ts-ignore: decorator
@inline
export function upTo(generation: u32): u32 {
  return generation << META_GENERATION_SHIFT;
}

// @ts-ignore: decorator
@inline
export function belongs(meta: u32, mask: u32, flip: u32, limit: u32): bool {
  return ((meta & mask) ^ flip) <= limit;
}

// @ts-ignore: decorator
@inline
export function isWhite(meta: u32): bool {
  return (meta & (META_COLOUR | META_DYING)) == WHITE;
}

// @ts-ignore: decorator
@inline
export function generationOf(meta: u32): u32 {
  return (meta & META_GENERATION) >>> META_GENERATION_SHIFT;
}
