/** Whole arenas behind the pages that a span has in its first one, and giving back the pages of a span of any length. */
import * as layout from "../layout";
import { ARENA_PAGES, ARENA_SHIFT } from "../layout";
import { statistics } from "../state";
import { giveArenas, markArenas, takeArenasAt } from "./arenas";
import { givePages, noteTaken, pageNumber } from "./pages";

/** Pages from the span's start to the end of its arena. */
export function firstPages(span: usize): u32 {
  return ARENA_PAGES - pageNumber(span);
}

/** Number of the arena behind the span's first. */
// @ts-ignore: decorator
@inline
export function nextArena(span: usize): u32 {
  return <u32>(span >>> ARENA_SHIFT) + 1;
}

/** Whole arenas behind its first that a span of this length covers or begins to cover. */
export function tailArenas(span: usize, length: u32): u32 {
  const here = firstPages(span);
  return length <= here ? 0 : (length - here + (ARENA_PAGES - 1)) / ARENA_PAGES;
}

export function takeTail(first: u32, length: u32, reach: u32): bool {
  if (!takeArenasAt(first, length, reach)) return false;
  noteTail(first, length);
  return true;
}

export function noteTail(first: u32, length: u32): void {
  markArenas(first, length, layout.ARENA_TAIL);
  statistics.arenasTail += length;
  noteTaken(length);
}

export function giveTail(first: u32, length: u32): void {
  statistics.arenasTail -= length;
  statistics.arenasReclaimed += length;
  giveArenas(first, length);
}

/** Gives back all pages of what is no span any more. */
export function giveAll(span: usize, length: u32): void {
  const tail = tailArenas(span, length);
  if (tail) giveTail(nextArena(span), tail);
  givePages(span, length - tail * ARENA_PAGES);
}
