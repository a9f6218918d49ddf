/**
 * Replays an allocation trace on the heap of contender.ts. bench/native/replay.c is the same loop in C; a change
 * here belongs there too, and the comments that stand there are not repeated.
 *
 * Compiled with `--use CONTENDER=n,CHUNK=n,SLOTS=n`.
 */

import { ALIGNS, heapCalloc, heapFree, heapMalloc, heapMemalign, heapRealloc } from "./contender";
import { TABLE } from "./table";

// The heap's functions are for loops outside, which call them one by one.
export {
  heapBase,
  heapCalloc,
  heapFree,
  heapMalloc,
  heapMemalign,
  heapRealloc,
  prepare,
  verify,
} from "./contender";

const OP_MALLOC: u32 = 0;
const OP_CALLOC: u32 = 1;
const OP_REALLOC: u32 = 2;
const OP_FREE: u32 = 3;
const MEMALIGN_SIZE_BITS: u32 = 27;

const FAULT_NONE: i32 = 0;
const FAULT_NULL: i32 = 1;
const FAULT_ALIGNMENT: i32 = 2;
const FAULT_NOT_ZERO: i32 = 3;
const FAULT_CONTENTS: i32 = 4;
const FAULT_MOVED: i32 = 5;

const OPS: usize = memory.data(CHUNK * 4, 64);
const SIZES: usize = memory.data(CHUNK * 4, 64);
const PREVIOUS: usize = memory.data(CHUNK * 4, 64);
const HIGHEST_END: usize = memory.data(4, 4);
const FAULT_AT: usize = memory.data(4, 4);

export function opsAddress(): usize {
  return OPS;
}

export function sizesAddress(): usize {
  return SIZES;
}

export function previousAddress(): usize {
  return PREVIOUS;
}

export function highestEnd(): usize {
  return load<usize>(HIGHEST_END);
}

export function faultAt(): u32 {
  return load<u32>(FAULT_AT);
}

// @ts-ignore: decorator
@inline
function touch(block: usize, size: usize): void {
  if (size) {
    store<u8>(block, 1);
    store<u8>(block + size - 1, 1);
  }
}

export function replay(count: u32): void {
  for (let i: usize = 0, end = (<usize>count) << 2; i < end; i += 4) {
    const code = load<u32>(i, OPS);
    const size = load<u32>(i, SIZES);
    const op = code & 7;
    const slot = (code >>> 3) << 2;
    if (op == OP_FREE) {
      heapFree(load<usize>(slot, TABLE));
    } else if (op == OP_MALLOC) {
      const block = heapMalloc(size);
      store<usize>(slot, block, TABLE);
      touch(block, size);
    } else if (op == OP_REALLOC) {
      const block = heapRealloc(load<usize>(slot, TABLE), size);
      store<usize>(slot, block, TABLE);
      touch(block, size);
    } else if (op == OP_CALLOC) {
      const block = heapCalloc(size);
      store<usize>(slot, block, TABLE);
      touch(block, size);
    } else {
      const bytes = size & ((1 << MEMALIGN_SIZE_BITS) - 1);
      const block = heapMemalign(size >>> MEMALIGN_SIZE_BITS, bytes);
      store<usize>(slot, block, TABLE);
      touch(block, bytes);
    }
  }
}

// Contents, as in replay.c: word i of the block in slot s is pattern(s) ^ i * STEP.

const STEP: u32 = 0x85ebca6b;

// @ts-ignore: decorator
@inline
function pattern(slot: u32): u32 {
  return (slot + 1) * 0x9e3779b1;
}

function fill(block: usize, size: usize, seed: u32): void {
  let word = seed;
  let index: u32 = 0;
  let at: usize = 0;
  for (; at + 4 <= size; at += 4) {
    store<u32>(block + at, word);
    word = seed ^ (++index * STEP);
  }
  for (; at < size; at++, word >>>= 8) store<u8>(block + at, <u8>word);
}

function holds(block: usize, size: usize, seed: u32): bool {
  let word = seed;
  let index: u32 = 0;
  let at: usize = 0;
  for (; at + 4 <= size; at += 4) {
    if (load<u32>(block + at) != word) return false;
    word = seed ^ (++index * STEP);
  }
  for (; at < size; at++, word >>>= 8) if (load<u8>(block + at) != <u8>word) return false;
  return true;
}

function zeroed(block: usize, size: usize): bool {
  for (let at: usize = 0; at < size; at++) if (load<u8>(block + at)) return false;
  return true;
}

export function inspect(count: u32): i32 {
  for (let i: usize = 0, end = (<usize>count) << 2; i < end; i += 4) {
    const code = load<u32>(i, OPS);
    const old = load<u32>(i, PREVIOUS);
    const op = code & 7;
    const slot = (code >>> 3) << 2;
    const seed = pattern(code >>> 3);
    let size = load<u32>(i, SIZES);
    let block = load<usize>(slot, TABLE);
    let alignment: usize = 1;
    store<u32>(FAULT_AT, <u32>(i >>> 2));
    if ((op == OP_FREE || op == OP_REALLOC) && !holds(block, old, seed)) return FAULT_CONTENTS;
    if (op == OP_FREE) {
      heapFree(block);
      continue;
    }
    if (op == OP_MALLOC) {
      block = heapMalloc(size);
    } else if (op == OP_REALLOC) {
      block = heapRealloc(block, size);
    } else if (op == OP_CALLOC) {
      block = heapCalloc(size);
    } else {
      const log2 = size >>> MEMALIGN_SIZE_BITS;
      size &= (1 << MEMALIGN_SIZE_BITS) - 1;
      if (ALIGNS) alignment = (<usize>1) << log2;
      block = heapMemalign(log2, size);
    }
    if (!block) return FAULT_NULL;
    if (alignment < 8 && size >= 8) alignment = 8;
    if (alignment < 16 && size >= 16) alignment = 16;
    if (block & (alignment - 1)) return FAULT_ALIGNMENT;
    if (op == OP_REALLOC && !holds(block, min(old, size), seed)) return FAULT_MOVED;
    if (op == OP_CALLOC && !zeroed(block, size)) return FAULT_NOT_ZERO;
    fill(block, size, seed);
    store<usize>(slot, block, TABLE);
    if (block + size > load<usize>(HIGHEST_END)) store<usize>(HIGHEST_END, block + size);
  }
  return FAULT_NONE;
}
