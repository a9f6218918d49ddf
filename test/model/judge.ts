import { HeapError, type Ptr } from "../../bindings/index.js";
import type { Family } from "./family.js";
import type { Script, Step } from "./script.js";

/** A block as the model knows it: where, how much was asked for, and the pattern it holds. */
interface Block {
  ptr: Ptr;
  size: number;
  readonly seed: number;
}

/** What a family promises beyond C. */
export interface Promises {
  /** Blocks of 513 … 32,768 bytes are at most 12.5 % larger than the request. */
  readonly tight: boolean;
  /** Memory may run out: an ERR_HEAP_OOM is no breach, provided that nothing has changed. */
  readonly limited?: boolean;
}

const FULL_CHECK = 16_384;
const TIGHT_FROM = 513;
const TIGHT_TO = 32_768;
const TIGHT_BOUND = 1.125;

/**
 * Plays a script on an allocator next to a plain model of what must be true: blocks do not overlap, contents are kept,
 * calloc is zero, alignments and sizes are as asked. Throws an Error that names the first broken promise.
 */
export class Judge {
  readonly #family: Family;
  readonly #promises: Promises;
  /** Live blocks in the order of birth, which is what a script's picks count. */
  #live: Block[] = [];
  /** The same, sorted by address. */
  #sorted: Block[] = [];
  #born = 0;

  constructor(family: Family, promises: Promises) {
    this.#family = family;
    this.#promises = promises;
  }

  get liveBlocks(): number {
    return this.#live.length;
  }

  play(script: Script): void {
    for (const [index, step] of script.entries()) {
      try {
        this.#step(step);
      } catch (cause) {
        throw new Error(`step ${index}, ${JSON.stringify(step)}: ${String(cause)}`, { cause });
      }
    }
  }

  /** Frees everything, checking contents. */
  finish(): void {
    while (this.#live.length > 0) this.#free(0);
    this.#family.verify();
  }

  #step(step: Step): void {
    if (step[0] === "m") this.#malloc(step[1]);
    else if (step[0] === "c") this.#calloc(step[1], step[2]);
    else if (step[0] === "a") this.#alignedAlloc(step[1], step[2]);
    else if (step[0] === "r") this.#realloc(step[1], step[2]);
    else if (step[0] === "f") this.#free(step[1]);
    else if (step[0] === "0") this.#nulls();
    else if (step[0] === "v") this.#family.verify();
    else if (step[0] === "t") this.#family.disturb();
    else this.#reset();
  }

  #malloc(size: number): void {
    const ptr = this.#attempt(() => this.#family.malloc(size));
    if (ptr !== undefined) this.#adopt(ptr, size);
  }

  #adopt(ptr: Ptr, size: number): void {
    const block = { ptr, size, seed: this.#born++ & 0xff };
    this.#insert(block);
    this.#judgeSize(block);
    this.#fill(block, 0);
    this.#live.push(block);
  }

  #calloc(count: number, size: number): void {
    const ptr = this.#attempt(() => this.#family.calloc(count, size));
    if (ptr === undefined) return;
    const dirty = this.#family.bytes(ptr, count * size).findIndex((byte) => byte !== 0);
    require(dirty < 0, `byte ${dirty} of calloc(${count}, ${size}) is not zero`);
    this.#adopt(ptr, count * size);
  }

  #alignedAlloc(alignment: number, size: number): void {
    const ptr = this.#attempt(() => this.#family.alignedAlloc(alignment, size));
    if (ptr === undefined) return;
    require(ptr % alignment === 0, `${ptr} is not aligned to ${alignment}`);
    const block = { ptr, size, seed: this.#born++ & 0xff };
    this.#insert(block);
    this.#fill(block, 0);
    this.#live.push(block);
  }

  #realloc(pick: number, size: number): void {
    const block = this.#live[pick % Math.max(1, this.#live.length)];
    if (block === undefined) return;
    this.#judgeContents(block, block.size);
    const moved = this.#attempt(() => this.#family.realloc(block.ptr, size));
    if (moved === undefined) return;
    this.#remove(block);
    const old = block.size;
    block.ptr = moved;
    block.size = size;
    this.#insert(block);
    require(this.#family.usableSize(block.ptr) >= size, "realloc gave too little");
    this.#judgeContents(block, Math.min(old, size));
    this.#fill(block, Math.min(old, size));
  }

  #free(pick: number): void {
    const index = pick % Math.max(1, this.#live.length);
    const block = this.#live[index];
    if (block === undefined) return;
    this.#judgeContents(block, block.size);
    this.#remove(block);
    this.#live[index] = this.#live[this.#live.length - 1]!;
    this.#live.pop();
    this.#family.free(block.ptr);
  }

  #nulls(): void {
    this.#family.free(0 as Ptr);
    const ptr = this.#attempt(() => this.#family.realloc(0 as Ptr, 0));
    if (ptr !== undefined) this.#adopt(ptr, 0);
  }

  #reset(): void {
    this.#family.reset();
    this.#live = [];
    this.#sorted = [];
  }

  /** What a request returned; undefined if memory was out and may be. */
  #attempt(request: () => Ptr): Ptr | undefined {
    try {
      return request();
    } catch (error) {
      if (this.#promises.limited && error instanceof HeapError && error.code === "ERR_HEAP_OOM")
        return undefined;
      throw error;
    }
  }

  // ---- what must be true ----

  #judgeSize({ ptr, size }: Block): void {
    const alignment = size >= 16 ? 16 : 8;
    require(ptr % alignment === 0, `${ptr} is not aligned to ${alignment}`);
    const usable = this.#family.usableSize(ptr);
    require(usable >= size, `${usable} usable bytes for ${size}`);
    if (!this.#promises.tight || size < TIGHT_FROM || size > TIGHT_TO) return;
    require(usable <= size * TIGHT_BOUND, `${usable} bytes for ${size} are more than 12.5 % too many`);
  }

  #judgeContents({ ptr, size, seed }: Block, length: number): void {
    const bytes = this.#family.bytes(ptr, length);
    for (let i = 0; i < length; i = next(i, size)) {
      if (bytes[i] === pattern(i, seed)) continue;
      throw new Error(`byte ${i} of the block of ${size} at ${ptr} is ${bytes[i]}, not ${pattern(i, seed)}`);
    }
  }

  #fill({ ptr, size, seed }: Block, from: number): void {
    const bytes = this.#family.bytes(ptr, size);
    for (let i = from; i < size; i++) bytes[i] = pattern(i, seed);
  }

  // ---- who is where ----

  #insert(block: Block): void {
    require(block.ptr !== 0, "null for a request that can be served");
    const index = this.#position(block.ptr);
    const [before, after] = [this.#sorted[index - 1], this.#sorted[index]];
    const end = block.ptr + this.#extent(block);
    require(!before ||
      before.ptr + this.#extent(before) <= block.ptr, `${block.ptr} overlaps the block before it`);
    require(!after || end <= after.ptr, `${block.ptr} overlaps the block behind it`);
    this.#sorted.splice(index, 0, block);
  }

  #remove(block: Block): void {
    this.#sorted.splice(this.#position(block.ptr), 1);
  }

  /** Index of the first block at or above `ptr`. */
  #position(ptr: number): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.ptr < ptr) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What the block may be written to: no other block may lie there. Blocks of no bytes are distinct all the same. */
  #extent({ ptr, size }: Block): number {
    return Math.max(this.#family.usableSize(ptr), size, 1);
  }
}

function pattern(index: number, seed: number): number {
  return (index * 13 + seed) & 0xff;
}

/** Small blocks are looked at byte by byte, of large ones the first, some and the last bytes. */
function next(index: number, size: number): number {
  if (size <= FULL_CHECK || index < 256 || index >= size - 256) return index + 1;
  return Math.min(index + 509, size - 256);
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
