/**
 * A picture of the heap in one line: 160 MB of 16-byte blocks come and go, and each character is the share of some
 * neighbouring arenas that is in use.
 */

import type { Heap, Ptr } from "tallyheap";

const BLOCKS = 10 * 1024 * 1024;
const BLOCK_BYTES = 16;
const ARENA_SHIFT = 18;
const BLOCKS_IN_ARENA = 2 ** ARENA_SHIFT / BLOCK_BYTES;
const LEVELS = "·▁▂▃▄▅▆▇█";
/** Pictures between the ones that stay, where someone watches. */
const FRAMES = 40;

export interface StripRow {
  readonly label: string;
  readonly picture: string;
  /** Arenas in use, a count. */
  readonly arenas: number;
  /** ns a block so far, calls alone. */
  readonly ns: number;
}

export interface Show {
  /** A state that is to stay on the screen. */
  row(row: StripRow): void;
  /** A state on the way to the next one; absent where nobody watches. */
  readonly frame?: (row: StripRow) => void;
}

/** Blocks of the heap and how many of them each arena has. */
class Filling {
  readonly #heap: Heap;
  readonly #blocks = new Uint32Array(BLOCKS);
  readonly #used = new Uint32Array(2 ** (32 - ARENA_SHIFT));
  readonly #cells: number;
  readonly #show: Show;
  #first = 0;
  #most = 0;
  /** ns, of the calls alone. */
  #spent = 0;

  constructor(heap: Heap, cells: number, show: Show) {
    this.#heap = heap;
    this.#cells = cells;
    this.#show = show;
  }

  /** Calls `work` on all block numbers, in parts with a frame after each. */
  run(
    label: string,
    work: (heap: Heap, blocks: Uint32Array, used: Uint32Array, from: number, to: number) => void,
  ): void {
    const parts = this.#show.frame ? FRAMES : 1;
    for (let part = 0; part < parts; part++) {
      const from = Math.floor((part * BLOCKS) / parts);
      const to = Math.floor(((part + 1) * BLOCKS) / parts);
      const start = performance.now();
      work(this.#heap, this.#blocks, this.#used, from, to);
      this.#spent += (performance.now() - start) * 1e6;
      this.#show.frame?.(this.#picture(label));
    }
    this.#heap.verify();
    this.#show.row(this.#picture(label));
  }

  #picture(label: string): StripRow {
    const { arenas } = this.#heap.stats();
    if (this.#most === 0) this.#first = this.#used.findIndex((count) => count > 0);
    // Before the heap is full the picture has room for what is to come; page tables take a little more than blocks.
    this.#most = Math.max(this.#most, arenas, Math.ceil((BLOCKS / BLOCKS_IN_ARENA) * 1.016));
    let picture = "";
    for (let cell = 0; cell < this.#cells; cell++) {
      const from = this.#first + Math.floor((cell * this.#most) / this.#cells);
      const to = this.#first + Math.floor(((cell + 1) * this.#most) / this.#cells);
      const sum = this.#used.subarray(from, to).reduce((total, count) => total + count, 0);
      const share = sum / ((to - from) * BLOCKS_IN_ARENA);
      picture += LEVELS[share === 0 ? 0 : Math.max(1, Math.round(share * (LEVELS.length - 1)))];
    }
    return { label, picture, arenas, ns: this.#spent / BLOCKS };
  }
}

function fill(heap: Heap, blocks: Uint32Array, used: Uint32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const block = heap.malloc(BLOCK_BYTES);
    blocks[i] = block;
    used[block >>> ARENA_SHIFT]!++;
  }
}

/** Frees the blocks that a predicate on their number chooses. */
function drain(which: (index: number) => boolean) {
  return (heap: Heap, blocks: Uint32Array, used: Uint32Array, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const block = blocks[i]! as Ptr;
      if (block === 0 || !which(i)) continue;
      heap.free(block);
      used[block >>> ARENA_SHIFT]!--;
      blocks[i] = 0;
    }
  };
}

/** Fills, frees three quarters here and there, frees the rest; ns to allocate and free a block. Throws if `verify()` does. */
export function drawStrip(heap: Heap, cells: number, show: Show): void {
  const filling = new Filling(heap, cells, show);
  filling.run("filled", fill);
  filling.run(
    "3/4 freed",
    drain((index) => Math.imul(index, 0x9e3779b1) >>> 30 !== 0),
  );
  filling.run(
    "all freed",
    drain(() => true),
  );
}
