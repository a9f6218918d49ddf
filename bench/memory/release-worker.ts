/**
 * The example of CPython before 2.5, which never gave an arena back: 10·1024·1024 blocks of 16 bytes are allocated and
 * all freed. Then every arena is free, the same memory serves one request of 150 MB without growing, and after trim()
 * the process is small again. Prints what it saw as JSON; runs with --expose-gc.
 */

import { readFileSync } from "node:fs";

import { createHeap, type Heap, type Ptr } from "tallyheap";

/** What was seen; bytes unless a name says otherwise. */
export interface Release {
  readonly residentAtStart: number;
  readonly residentAtPeak: number;
  readonly residentFreed: number;
  readonly residentTrimmed: number;
  /** Counts. */
  readonly arenasAtPeak: number;
  readonly arenasFreed: number;
  readonly memoryAtPeak: number;
  readonly memoryWithLarge: number;
  readonly released: number;
}

const BLOCKS = 10 * 1024 * 1024;
const LARGE_BYTES = 150 * 2 ** 20;

/** Resident bytes of this process now; the field of `process.memoryUsage` costs a walk where /proc does not. */
function resident(): number {
  return process.memoryUsage.rss();
}

/** Peak resident bytes of this process's own memory; see bench/native/process.h on why not `resourceUsage()`. */
function peakResident(): number {
  try {
    const kib = /^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Lets V8 collect the old memory; it frees array buffers on other threads. */
async function collect(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  for (let i = 0; i < 6; i++) {
    gc?.();
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** In a function of its own: nothing on the stack may hold the old memory when it is to be collected. */
function fillAndFree(heap: Heap): Pick<Release, "arenasAtPeak" | "memoryAtPeak" | "residentAtPeak"> {
  // Each block holds the address of the one before it: a table of ten million pointers would be a quarter of the peak.
  let last = 0 as Ptr;
  let words = new Uint32Array(0);
  for (let i = 0; i < BLOCKS; i++) {
    const block = heap.malloc(16);
    if (words.length === 0) words = new Uint32Array(heap.bytes(block, 16).buffer);
    words[block >>> 2] = last;
    last = block;
  }
  const { arenas: arenasAtPeak, heapTotal: memoryAtPeak } = heap.stats();
  const residentAtPeak = peakResident();
  while (last !== 0) {
    const before = words[last >>> 2]! as Ptr;
    heap.free(last);
    last = before;
  }
  return { arenasAtPeak, memoryAtPeak, residentAtPeak };
}

async function watchRelease(): Promise<Release> {
  const residentAtStart = resident();
  const heap = createHeap();
  const peak = fillAndFree(heap);
  heap.verify();
  const arenasFreed = heap.stats().arenas;
  const residentFreed = resident();
  const large = heap.malloc(LARGE_BYTES);
  const memoryWithLarge = heap.stats().heapTotal;
  heap.free(large);
  heap.verify();
  const released = heap.trim();
  await collect();
  const residentTrimmed = resident();
  // The heap goes on working where it went.
  heap.free(heap.malloc(16));
  heap.verify();
  return { ...peak, residentAtStart, residentFreed, residentTrimmed, arenasFreed, memoryWithLarge, released };
}

console.log(JSON.stringify(await watchRelease()));
