/**
 * Copying and zeroing. V8's bulk instructions call out of line and cost some 5 ns however short the range; a loop of
 * 8-byte words is faster below 128 bytes (bench:micro, realloc and calloc rows).
 */
const SHORT: usize = 128;

/** Copies `bytes` bytes between blocks of at least that many, rounded up to 8. */
// @ts-ignore: decorator
@inline
export function copyBytes(to: usize, from: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
}

/** Zeroes a block's first `bytes` bytes, rounded up to 8: every block is a multiple of 8 long. */
// @ts-ignore: decorator
@inline
export function zeroBytes(to: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.fill(to, 0, (bytes + 7) & ~7);
    return;
  }
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(to + at, 0);
}
