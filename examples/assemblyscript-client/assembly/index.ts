/**
 * A module of its own that lives in a heap's memory: it imports the memory and the malloc family, and keeps its
 * statics in the client arenas that `clientBytes` reserves (`--memoryBase 262144` puts them there).
 */

// @ts-ignore: decorator
@external("heap", "malloc")
declare function malloc(size: usize): usize;
// @ts-ignore: decorator
@external("heap", "calloc")
declare function calloc(count: usize, size: usize): usize;
// @ts-ignore: decorator
@external("heap", "realloc")
declare function realloc(pointer: usize, size: usize): usize;
// @ts-ignore: decorator
@external("heap", "free")
declare function free(pointer: usize): void;

const SLOTS: u32 = 4096;

/** Statics, all in the client arena: a constant table, and what this module remembers between calls. */
const WEIGHTS: usize = memory.data<u32>([1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597]);
const BLOCKS: usize = memory.data(SLOTS << 2, 4);
const SIZES: usize = memory.data(SLOTS << 2, 4);
const OPERATIONS: usize = memory.data(4, 4);

let seed: u32 = 1;

function random(): u32 {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed;
}

/** The first and the last byte of each block say which slot it belongs to. */
function stamp(slot: u32, block: usize, size: u32): void {
  store<u8>(block, <u8>slot);
  store<u8>(block + size - 1, <u8>(slot >>> 8));
  store<u32>(BLOCKS + (slot << 2), <u32>block);
  store<u32>(SIZES + (slot << 2), size);
}

function intact(slot: u32, block: usize, size: u32): bool {
  if (size == 1) return load<u8>(block) == <u8>(slot >>> 8);
  return load<u8>(block) == <u8>slot && load<u8>(block + size - 1) == <u8>(slot >>> 8);
}

/** Does `count` random operations on up to 4096 live blocks; returns how many blocks had lost their contents. */
export function churn(count: u32): u32 {
  let damaged: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let slot = random() & (SLOTS - 1);
    let block = <usize>load<u32>(BLOCKS + (slot << 2));
    let size = load<u32>(SIZES + (slot << 2));
    let newSize = 1 + (random() & (random() & 7 ? 255 : 4095));
    if (block == 0) {
      block = newSize & 1 ? malloc(newSize) : calloc(newSize, 1);
      if (newSize > 1 && !(newSize & 1) && load<u8>(block + newSize - 1) != 0) damaged++;
      stamp(slot, block, newSize);
    } else {
      if (!intact(slot, block, size)) damaged++;
      if (random() & 3) {
        free(block);
        store<u32>(BLOCKS + (slot << 2), 0);
      } else {
        block = realloc(block, newSize);
        if (newSize > 1 && size > 1 && load<u8>(block) != <u8>slot) damaged++;
        stamp(slot, block, newSize);
      }
    }
  }
  store<u32>(OPERATIONS, load<u32>(OPERATIONS) + count);
  return damaged;
}

/** Frees what is live; returns how many blocks had lost their contents. */
export function drain(): u32 {
  let damaged: u32 = 0;
  for (let slot: u32 = 0; slot < SLOTS; slot++) {
    let block = <usize>load<u32>(BLOCKS + (slot << 2));
    if (block == 0) continue;
    if (!intact(slot, block, load<u32>(SIZES + (slot << 2)))) damaged++;
    free(block);
    store<u32>(BLOCKS + (slot << 2), 0);
  }
  return damaged;
}

/** How many operations churn() did so far, as its static says. */
export function operations(): u32 {
  return load<u32>(OPERATIONS);
}

/** Sum of the constant table. */
export function weights(): u32 {
  let sum: u32 = 0;
  for (let i = 0; i < 16; i++) sum += load<u32>(WEIGHTS + (i << 2));
  return sum;
}

/** The address of the constant table: inside the client arena. */
export function statics(): usize {
  return WEIGHTS;
}
