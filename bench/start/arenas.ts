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

export interface ArenasLine {
  readonly label: string;
  readonly picture: string;
  /** Arenas in use, a count. */
  readonly arenas: number;
  /** ns a block so far, calls alone. */
  readonly ns: number;
}

/** Fills, frees three quarters here and there, frees the rest; a line after each. Throws if `verify()` does. */
export function drawArenas(heap: Heap, cells: number, show: (line: ArenasLine) => void): void {
  const blocks = new Uint32Array(BLOCKS);
  /** Blocks in each arena of the address space. */
  const used = new Uint32Array(2 ** (32 - ARENA_SHIFT));
  let spentMs = 0;
  let first = 0;
  let most = 0;

  const step = (label: string, work: () => void): void => {
    const start = performance.now();
    work();
    spentMs += performance.now() - start;
    heap.verify();
    const { arenas } = heap.stats();
    if (most === 0) [first, most] = [used.findIndex((count) => count > 0), arenas];
    let picture = "";
    for (let cell = 0; cell < cells; cell++) {
      const from = first + Math.floor((cell * most) / cells);
      const to = first + Math.floor(((cell + 1) * most) / cells);
      const sum = used.subarray(from, to).reduce((total, count) => total + count, 0);
      const share = sum / ((to - from) * BLOCKS_IN_ARENA);
      picture += LEVELS[share === 0 ? 0 : Math.max(1, Math.round(share * (LEVELS.length - 1)))];
    }
    show({ label, picture, arenas, ns: (spentMs * 1e6) / BLOCKS });
  };
  const free = (which: (index: number) => boolean): void => {
    for (let i = 0; i < BLOCKS; i++) {
      const block = blocks[i]! as Ptr;
      if (block === 0 || !which(i)) continue;
      heap.free(block);
      used[block >>> ARENA_SHIFT]!--;
      blocks[i] = 0;
    }
  };

  step("filled", () => {
    for (let i = 0; i < BLOCKS; i++) {
      const block = heap.malloc(BLOCK_BYTES);
      blocks[i] = block;
      used[block >>> ARENA_SHIFT]!++;
    }
  });
  step("3/4 freed", () => free((index) => Math.imul(index, 0x9e3779b1) >>> 30 !== 0));
  step("all freed", () => free(() => true));
}
