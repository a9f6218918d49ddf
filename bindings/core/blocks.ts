import {
  ARENA_SHIFT,
  RECORD_MASK,
  RECORD_SHIFT,
  SMALL_LIMIT,
  STATE_ACTIVE,
  STATE_MAP,
  STATE_SENTINEL,
} from "../generated/layout.js";
import type { LinearMemory } from "./memory.js";

const SMALL = SMALL_LIMIT;
const TO_ARENA = ARENA_SHIFT;
const TO_RECORD = RECORD_SHIFT;
const IN_RECORDS = RECORD_MASK;
/** Lifts the live count, which is signed, to the upper half of a word. */
const LIVE = 16;
const ONE_LIVE = 1 << LIVE;

const NOTHING = new Uint32Array(0);

/**
 * What a hit of malloc and of free does in the core (assembly/alloc/malloc.ts: pop the class's active list; push on the
 * pool's list unless the pool was full or is about to be empty), on the cached words of the memory, without a call: that
 * took a sixth to a third off a replay through `heap.raw` (bench:replay), and nothing off the checked calls, which wait
 * for memory rather than for the call. Words of a memory that somebody else grew read as `undefined`, which is no hit.
 */
export class Blocks {
  #words: Uint32Array = NOTHING;
  // Indexes of words.
  readonly #active: number;
  readonly #map: number;
  readonly #sentinel: number;

  /** Without a memory nothing is a hit. `state` is the address of the state block. */
  constructor(memory?: LinearMemory, state = 0) {
    this.#active = (state + STATE_ACTIVE) >>> 2;
    this.#map = (state + STATE_MAP) >>> 2;
    this.#sentinel = (state + STATE_SENTINEL) >>> 2;
    memory?.follow(({ u32 }) => (this.#words = u32));
  }

  /** Whether the words were detached. */
  get isStale(): boolean {
    return this.#words.length === 0 && this.#words !== NOTHING;
  }

  /** A raw block of `size` bytes, a whole number below 2³²; 0 if it is no hit. */
  pop(size: number): number {
    const last = (size - 1) >>> 0;
    if (last >= SMALL) return 0;
    const words = this.#words;
    // Class 1 for up to 8 bytes, else 8-byte classes of multiples of 16: rawBytes() of assembly/alloc/classes.ts.
    const head = this.#active + (((last + 16) & ~15) >>> 3) - (last < 8 ? 1 : 0);
    const block = words[head]! | 0;
    if (block === 0) return 0;
    words[head] = words[block >>> 2]!;
    return block >>> 0;
  }

  /** Frees a live block; false, with nothing changed, if it is no hit. */
  push(block: number): boolean {
    const words = this.#words;
    const entry = words[this.#map + (block >>> TO_ARENA)]! + ((block >>> TO_RECORD) & IN_RECORDS);
    const record = this.#sentinel + (entry >>> 2);
    // The first word is the pool's list; the lower half of the second is the number of its live blocks, below 0 in pools of
    // slab classes.
    const second = words[record + 1]! | 0;
    if (second << LIVE <= ONE_LIVE) return false;
    words[block >>> 2] = words[record]!;
    words[record] = block;
    words[record + 1] = second - 1;
    return true;
  }
}

/** No fast paths: for the other cores, and before a core is there. */
export const NO_BLOCKS = new Blocks();
