/**
 * Mark bits beside the heap: one for each 16 bytes of memory, in which no two objects begin. They cover the memory that
 * was in use when the cycle began, static objects too. What was taken above it since then is newer than the cycle, and
 * counts as marked.
 *
 *   bit of a block = bit ((block >>> 4) mod 32) of the word at marks + (block >>> 9) · 4;   1/128 of the memory
 */
import { ARENA_SHIFT, DOMAIN_RAW, PAGE_SHIFT } from "../layout";
import { state } from "../state";
import { giveSpan, pagesFor, takeSpan } from "../alloc/spans";
import { runtime } from "./state";

/** Memory to a byte of mark bits, as a shift. */
const COVER_SHIFT: u32 = 7;

/** Address of the word that holds the block's bit. */
// @ts-ignore: decorator
@inline
export function markWord(marks: usize, block: usize): usize {
  return marks + ((block >>> 9) << 2);
}

// @ts-ignore: decorator
@inline
export function markBit(block: usize): u32 {
  return 1 << ((<u32>block) >>> 4);
}

/** Whether the block, which lies below the limit, is marked. */
// @ts-ignore: decorator
@inline
export function isMarked(marks: usize, block: usize): bool {
  return (load<u32>(markWord(marks, block)) & markBit(block)) != 0;
}

/** Marks a block that was just taken: new objects are black. */
export function markBlock(block: usize): void {
  if (block >= runtime.limit) return;
  const word = markWord(runtime.marks, block);
  store<u32>(word, load<u32>(word) | markBit(block));
}

/** Marks every block of a list of free ones. */
export function markList(block: usize): void {
  for (; block; block = load<u32>(block)) markBlock(block);
}

/** Blocks that begin in a page and are marked. */
export function markedBlocks(page: usize): u32 {
  const words = runtime.marks + (page >>> COVER_SHIFT);
  return <u32>(
    (popcnt(load<u64>(words)) +
      popcnt(load<u64>(words, 8)) +
      popcnt(load<u64>(words, 16)) +
      popcnt(load<u64>(words, 24)))
  );
}

/**
 * Clears the bits and makes them cover what is in use, or as much of it as there is room for: what lies above is not
 * collected then. False if there are none at all, for want of memory.
 */
export function clearMarks(): bool {
  const used = (<usize>state.frontier) << ARENA_SHIFT;
  if (used > runtime.room) makeRoom(used);
  const limit = min((<usize>state.frontier) << ARENA_SHIFT, runtime.room);
  runtime.limit = limit;
  memory.fill(runtime.marks, 0, limit >>> COVER_SHIFT);
  return limit != 0;
}

/** A quarter more than asked for, so that a heap that grows does not move its marks in every cycle. */
function makeRoom(used: usize): void {
  const pages = pagesFor((used >>> COVER_SHIFT) + (used >>> (COVER_SHIFT + 2)) + 1);
  const span = takeSpan(pages, 1, DOMAIN_RAW);
  if (!span) return;
  if (runtime.marks) giveSpan(runtime.marks);
  runtime.marks = span;
  runtime.room =
    min<usize>(<usize>pages, u32.MAX_VALUE >>> (PAGE_SHIFT + COVER_SHIFT)) << (PAGE_SHIFT + COVER_SHIFT);
}
