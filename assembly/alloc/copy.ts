/**
 * Copying and zeroing. V8's bulk instructions call out of line and cost some 5 ns however short the range; a loop of
 * 8-byte words is faster below 128 bytes (bench:micro, realloc and calloc rows).
 */
const SHORT: usize = 128;

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

/** Copies between raw blocks, which have 8 bytes or a multiple of 16. */
// @ts-ignore: decorator
@inline
export function copyRaw(to: usize, from: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    store<u64>(to + at, load<u64>(from + at));
    if (bytes > 8) store<u64>(to + at, load<u64>(from + at, 8), 8);
  }
}

/** zeroBytes() of a raw block. */
// @ts-ignore: decorator
@inline
export function zeroRaw(to: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.fill(to, 0, (bytes + 7) & ~7);
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    store<u64>(to + at, 0);
    if (bytes > 8) store<u64>(to + at, 0, 8);
  }
}
