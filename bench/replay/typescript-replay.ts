/**
 * The replay of bench/native/replay.c once more, in TypeScript: each operation is a call into wasm. Blocks are touched
 * through a Uint8Array that is made anew when a block ends behind it. That finds every growth: memory grows only for a
 * request that does not fit what is there, so the block ends in what is new.
 */

import type { Heap, Ptr } from "tallyheap";

import { CHUNK, type Replayer } from "./chunks.js";
import type { FlatTrace } from "../lib/flat.js";
import { MEMALIGN_SIZE_BITS, OP_CALLOC, OP_FREE, OP_MALLOC, OP_REALLOC } from "../lib/trace.js";

/** What `Heap` and `heap.raw` have in common. */
export type HeapCalls = Pick<Heap, "malloc" | "calloc" | "realloc" | "free" | "alignedAlloc">;

// An imported binding is read from its module at every use; a constant of this module is part of the code.
const MALLOC = OP_MALLOC;
const CALLOC = OP_CALLOC;
const REALLOC = OP_REALLOC;
const FREE = OP_FREE;

const MEMALIGN_SIZE_MASK = 2 ** MEMALIGN_SIZE_BITS - 1;
const STEP = 0x85ebca6b | 0;

const ARENA_MASK = 2 ** 18 - 1;

const FAULT_NONE = 0;
const FAULT_NULL = 1;
const FAULT_ALIGNMENT = 2;
const FAULT_NOT_ZERO = 3;
const FAULT_CONTENTS = 4;
const FAULT_MOVED = 5;

export class TypeScriptReplayer implements Replayer {
  readonly #calls: HeapCalls;
  readonly #memory: WebAssembly.Memory;
  readonly #base: number;
  readonly #blocks: Uint32Array;
  readonly #ops = new Uint32Array(CHUNK);
  readonly #sizes = new Uint32Array(CHUNK);
  readonly #previous = new Uint32Array(CHUNK);
  readonly replay: (count: number) => void;
  readonly verify: () => void;
  #view: Uint8Array;
  #highestEnd = 0;
  #faultAt = 0;

  constructor(calls: HeapCalls, memory: WebAssembly.Memory, slots: number, base: number, verify: () => void) {
    this.#calls = calls;
    this.#memory = memory;
    this.#base = base;
    this.#blocks = new Uint32Array(slots);
    this.#view = new Uint8Array(memory.buffer);
    this.replay = replayLoop(calls, memory, this.#blocks, this.#ops, this.#sizes);
    this.verify = verify;
  }

  load(trace: FlatTrace, from: number, count: number): void {
    this.#ops.set(trace.ops.subarray(from, from + count));
    this.#sizes.set(trace.sizes.subarray(from, from + count));
    this.#previous.set(trace.previous.subarray(from, from + count));
  }

  inspect(count: number): number {
    for (let i = 0; i < count; i++) {
      this.#faultAt = i;
      const fault = this.#inspectOne(this.#ops[i]!, this.#sizes[i]!, this.#previous[i]!);
      if (fault !== FAULT_NONE) return fault;
    }
    return FAULT_NONE;
  }

  faultAt(): number {
    return this.#faultAt;
  }

  extent(): number {
    return this.#highestEnd - this.#base;
  }

  #inspectOne(code: number, sizeWord: number, old: number): number {
    const op = code & 7;
    const slot = code >>> 3;
    const seed = Math.imul(slot + 1, 0x9e3779b1 | 0);
    let block = this.#blocks[slot]! as Ptr;
    let size = sizeWord;
    let alignment = 1;
    if ((op === OP_FREE || op === OP_REALLOC) && !this.#holds(block, old, seed)) return FAULT_CONTENTS;
    if (op === OP_FREE) {
      this.#calls.free(block);
      return FAULT_NONE;
    }
    if (op === OP_MALLOC) {
      block = this.#calls.malloc(size);
    } else if (op === OP_REALLOC) {
      block = this.#calls.realloc(block, size);
    } else if (op === OP_CALLOC) {
      block = this.#calls.calloc(1, size);
    } else {
      alignment = 1 << (size >>> MEMALIGN_SIZE_BITS);
      size &= MEMALIGN_SIZE_MASK;
      block = this.#calls.alignedAlloc(alignment, size);
    }
    if (block === 0) return FAULT_NULL;
    if (size >= 8) alignment = Math.max(alignment, size >= 16 ? 16 : 8);
    if (block % alignment !== 0) return FAULT_ALIGNMENT;
    if (this.#view.length === 0) this.#view = new Uint8Array(this.#memory.buffer);
    if (op === OP_REALLOC && !this.#holds(block, Math.min(old, size), seed)) return FAULT_MOVED;
    if (op === OP_CALLOC && this.#view.subarray(block, block + size).some((byte) => byte !== 0))
      return FAULT_NOT_ZERO;
    this.#fill(block, size, seed);
    this.#blocks[slot] = block;
    this.#highestEnd = Math.max(this.#highestEnd, block + size);
    return FAULT_NONE;
  }

  #fill(block: number, size: number, seed: number): void {
    const view = this.#view;
    let word = seed;
    for (let at = 0; at < size; at++) {
      if ((at & 3) === 0) word = seed ^ Math.imul(at >>> 2, STEP);
      view[block + at] = word >>> ((at & 3) << 3);
    }
  }

  #holds(block: number, size: number, seed: number): boolean {
    const view = this.#view;
    let word = seed;
    for (let at = 0; at < size; at++) {
      if ((at & 3) === 0) word = seed ^ Math.imul(at >>> 2, STEP);
      if (view[block + at] !== ((word >>> ((at & 3) << 3)) & 0xff)) return false;
    }
    return true;
  }
}

/** A heap of the package, through the unchecked or the checked calls. */
export function heapReplayer(heap: Heap, calls: HeapCalls, slots: number): TypeScriptReplayer {
  const first = heap.malloc(1);
  const base = first - (first & ARENA_MASK);
  heap.free(first);
  return new TypeScriptReplayer(calls, heap.memory, slots, base, () => heap.verify());
}

/**
 * The timed loop. It is made once a process, so that what it closes over is constant for the compiler, as the heap and
 * the tables of a runtime are that keeps them in its module.
 */
function replayLoop(
  calls: HeapCalls,
  memory: WebAssembly.Memory,
  blocks: Uint32Array,
  ops: Uint32Array,
  sizes: Uint32Array,
): (count: number) => void {
  let bytes = new Uint8Array(memory.buffer);
  return (count) => {
    let view = bytes;
    let end = view.length >>> 0;
    for (let i = 0; i < count; i++) {
      const code = ops[i]!;
      const op = code & 7;
      const slot = code >>> 3;
      let size = sizes[i]!;
      let block: Ptr;
      if (op === FREE) {
        calls.free(blocks[slot]! as Ptr);
        continue;
      } else if (op === MALLOC) {
        block = calls.malloc(size);
      } else if (op === REALLOC) {
        block = calls.realloc(blocks[slot]! as Ptr, size);
      } else if (op === CALLOC) {
        block = calls.calloc(1, size);
      } else {
        const alignment = 1 << (size >>> MEMALIGN_SIZE_BITS);
        size &= MEMALIGN_SIZE_MASK;
        block = calls.alignedAlloc(alignment, size);
      }
      blocks[slot] = block;
      if (size > 0) {
        if (block + size > end) {
          view = new Uint8Array(memory.buffer);
          end = view.length >>> 0;
        }
        view[block] = 1;
        view[block + size - 1] = 1;
      }
    }
    if (view.length === 0)
      throw new Error("the memory grew unnoticed: bytes were written to a detached view");
    bytes = view;
  };
}
