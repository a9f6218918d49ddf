/**
 * Micro workloads on the heap of contender.ts. bench/native/micro.c has the same ones in C, with the same random
 * numbers; a change here belongs there too, and the comments that stand there are not repeated.
 */

import { heapFree, heapMalloc, heapRealloc, prepare } from "./contender";
import { TABLE } from "./table";

const PAIR_16: u32 = 0;
const PAIR_64: u32 = 1;
const PAIR_256: u32 = 2;
const PAIR_512: u32 = 3;
const PAIR_MIXED: u32 = 4;
const BATCH_FIFO: u32 = 5;
const BATCH_LIFO: u32 = 6;
const BATCH_RANDOM: u32 = 7;
const CHURN_1K: u32 = 8;
const CHURN_64K: u32 = 9;
const MIXED_10KB: u32 = 10;
const REPLACE_100K: u32 = 11;
const REALLOC_GROWTH: u32 = 12;
const BULK_ALLOCATE: u32 = 13;
const BULK_FREE: u32 = 14;
const SPANS_400: u32 = 15;
const SPANS_4000: u32 = 16;

const BATCH_BLOCKS: u32 = 1000;
const VECTORS: u32 = 1000;
const VECTOR_FIRST: u32 = 16;
const VECTOR_LAST: u32 = 40960;
const BULK_BLOCKS: u32 = 10 * 1024 * 1024;
const LARGEST: usize = 1 << 20;

const TABLE_SIZES: usize = memory.data(VECTORS * 4, 64);
const ORDER: usize = memory.data(BATCH_BLOCKS * 4, 64);
const BATCH_SIZES: usize = memory.data(BATCH_BLOCKS * 4, 64);

// The loops' own state in memory, as static variables of C are.
const STATE: usize = memory.data(16, 16);
const RANDOM: usize = 0;
const POSITION: usize = 4;
const BULK_FIRST: usize = 8;
const BULK_LAST: usize = 12;

// @ts-ignore: decorator
@inline
function randomNext(): u32 {
  let x = load<u32>(STATE + RANDOM);
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  store<u32>(STATE + RANDOM, x);
  return x;
}

// @ts-ignore: decorator
@inline
function randomBelow(n: u32): u32 {
  return <u32>((<u64>randomNext() * n) >>> 32);
}

// @ts-ignore: decorator
@inline
function allocate(size: u32): usize {
  const block = heapMalloc(size);
  store<u8>(block, 1);
  store<u8>(block + size - 1, 1);
  return block;
}

// @ts-ignore: decorator
@inline
function slotOf(index: u32): usize {
  return TABLE + (index << 2);
}

function pairs(size: u32, units: u32): void {
  for (let i: u32 = 0; i < units; i++) heapFree(allocate(size));
}

function pairsMixed(units: u32): void {
  for (let i: u32 = 0; i < units; i++) heapFree(allocate(16 + randomBelow(497)));
}

function batches(workload: u32, units: u32): void {
  for (let done: u32 = 0; done < units; done += BATCH_BLOCKS) {
    for (let i: u32 = 0; i < BATCH_BLOCKS; i++) {
      store<usize>(slotOf(i), allocate(load<u32>(BATCH_SIZES + (i << 2))));
    }
    if (workload == BATCH_FIFO) {
      for (let i: u32 = 0; i < BATCH_BLOCKS; i++) heapFree(load<usize>(slotOf(i)));
    } else if (workload == BATCH_LIFO) {
      for (let i = BATCH_BLOCKS; i-- > 0;) heapFree(load<usize>(slotOf(i)));
    } else {
      for (let i: u32 = 0; i < BATCH_BLOCKS; i++) heapFree(load<usize>(slotOf(load<u32>(ORDER + (i << 2)))));
    }
  }
}

function churn(slots: u32, least: u32, span: u32, units: u32): void {
  for (let i: u32 = 0; i < units; i++) {
    const slot = slotOf(randomBelow(slots));
    const block = load<usize>(slot);
    if (block) {
      heapFree(block);
      store<usize>(slot, 0);
    } else {
      store<usize>(slot, allocate(least + randomBelow(span)));
    }
  }
}

function replace(slots: u32, least: u32, span: u32, units: u32): void {
  for (let i: u32 = 0; i < units; i++) {
    const slot = slotOf(randomBelow(slots));
    heapFree(load<usize>(slot));
    store<usize>(slot, allocate(least + randomBelow(span)));
  }
}

function growVectors(units: u32): void {
  for (let i: u32 = 0; i < units; i++) {
    const vector = load<u32>(STATE + POSITION);
    const slot = slotOf(vector);
    let size = load<u32>(TABLE_SIZES + (vector << 2));
    let block = load<usize>(slot);
    store<u32>(STATE + POSITION, vector + 1 == VECTORS ? 0 : vector + 1);
    size += size >>> 1;
    if (size > VECTOR_LAST) {
      heapFree(block);
      size = VECTOR_FIRST;
      // AssemblyScript's heap.realloc does not take null.
      block = heapMalloc(size);
    } else {
      block = heapRealloc(block, size);
    }
    store<u8>(block, 1);
    store<u8>(block + size - 1, 1);
    store<usize>(slot, block);
    store<u32>(TABLE_SIZES + (vector << 2), size);
  }
}

function bulkAllocate(units: u32): void {
  let last = load<usize>(STATE + BULK_LAST);
  for (let i: u32 = 0; i < units; i++) {
    const block = allocate(16);
    if (last) store<usize>(last, block);
    else store<usize>(STATE + BULK_FIRST, block);
    last = block;
  }
  store<usize>(last, 0);
  store<usize>(STATE + BULK_LAST, last);
}

function bulkFree(units: u32): void {
  let block = load<usize>(STATE + BULK_FIRST);
  for (let i: u32 = 0; i < units && block; i++) {
    const next = load<usize>(block);
    heapFree(block);
    block = next;
  }
  store<usize>(STATE + BULK_FIRST, block);
  if (!block) store<usize>(STATE + BULK_LAST, 0);
}

function makeSpans(spans: u32): void {
  for (let i: u32 = 0; i < 2 * spans; i++) store<usize>(slotOf(i), allocate(33000 + randomBelow(32536)));
  for (let i: u32 = 0; i < 2 * spans; i += 2) heapFree(load<usize>(slotOf(i)));
}

function largePairs(units: u32): void {
  for (let i: u32 = 0; i < units; i++) heapFree(allocate(40000 + randomBelow(160000)));
}

export function setup(workload: u32): void {
  store<u32>(STATE + RANDOM, 2463534242);
  prepare(LARGEST);
  for (let i: u32 = 0; i < BATCH_BLOCKS; i++) {
    store<u32>(ORDER + (i << 2), i);
    store<u32>(BATCH_SIZES + (i << 2), 16 + randomBelow(497));
  }
  for (let i = BATCH_BLOCKS - 1; i > 0; i--) {
    const j = randomBelow(i + 1);
    const swapped = load<u32>(ORDER + (i << 2));
    store<u32>(ORDER + (i << 2), load<u32>(ORDER + (j << 2)));
    store<u32>(ORDER + (j << 2), swapped);
  }
  if (workload == REPLACE_100K) {
    for (let i: u32 = 0; i < 100000; i++) store<usize>(slotOf(i), allocate(16 + randomBelow(497)));
  }
  if (workload == REALLOC_GROWTH) {
    for (let i: u32 = 0; i < VECTORS; i++) {
      store<u32>(TABLE_SIZES + (i << 2), VECTOR_LAST);
    }
  }
  if (workload == BULK_FREE) bulkAllocate(BULK_BLOCKS);
  if (workload == SPANS_400) makeSpans(400);
  if (workload == SPANS_4000) makeSpans(4000);
}

export function step(workload: u32, units: u32): void {
  switch (workload) {
    case PAIR_16:
      return pairs(16, units);
    case PAIR_64:
      return pairs(64, units);
    case PAIR_256:
      return pairs(256, units);
    case PAIR_512:
      return pairs(512, units);
    case PAIR_MIXED:
      return pairsMixed(units);
    case BATCH_FIFO:
    case BATCH_LIFO:
    case BATCH_RANDOM:
      return batches(workload, units);
    case CHURN_1K:
      return churn(1024, 8, 520, units);
    case CHURN_64K:
      return churn(65536, 8, 520, units);
    case MIXED_10KB:
      return churn(4096, 4, 9997, units);
    case REPLACE_100K:
      return replace(100000, 16, 497, units);
    case REALLOC_GROWTH:
      return growVectors(units);
    case BULK_ALLOCATE:
      return bulkAllocate(units);
    case BULK_FREE:
      return bulkFree(units);
    case SPANS_400:
    case SPANS_4000:
      return largePairs(units);
  }
}

export function rewind(workload: u32): void {
  if (workload == BULK_ALLOCATE) bulkFree(BULK_BLOCKS);
  if (workload == BULK_FREE) bulkAllocate(BULK_BLOCKS);
}
