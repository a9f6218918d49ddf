/**
 * The mark of a free raw block, in its second word: what checks look for, and clear where they hand a block out.
 *
 *   address ^ secret        freed, by a checked free or by a realloc that moved
 *   address ^ secret ^ 1    carved, and not handed out since
 */
import { state } from "../state";

/** The mark of a block that was freed. */
// @ts-ignore: decorator
@inline
export function freedMark(block: usize): u32 {
  return (<u32>block) ^ state.secret;
}

/** The mark of a block that was carved. */
// @ts-ignore: decorator
@inline
export function carvedMark(block: usize): u32 {
  return freedMark(block) ^ 1;
}

/** Whether a block has either mark. User data may look like one. */
// @ts-ignore: decorator
@inline
export function isMarked(block: usize): bool {
  return (load<u32>(block, 4) ^ freedMark(block)) <= 1;
}

/** Whether a free block was never handed out, as far as its mark can tell. */
export function isUntouched(block: usize): bool {
  return load<u32>(block, 4) == carvedMark(block);
}

// @ts-ignore: decorator
@inline
export function markFreed(block: usize): void {
  store<u32>(block, freedMark(block), 4);
}

// @ts-ignore: decorator
@inline
export function unmark(block: usize): void {
  store<u32>(block, 0, 4);
}
