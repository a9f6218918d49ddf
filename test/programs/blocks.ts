import { HeapError, type Heap, type Ptr } from "../../bindings/index.js";
import { NULL } from "../support/objects.js";
import type { Random } from "../support/random.js";
import { must, type Holding } from "./holding.js";

interface Block {
  readonly size: number;
  readonly pattern: Uint8Array;
}

/** Contents repeat after so many bytes, a prime: what moves by anything else does not look the same. */
const PERIOD = 251;
const BYTES = Uint8Array.from({ length: 256 + PERIOD }, (_, i) => (i * 167 + (i >> 3)) & 0xff);

/** Raw blocks and what was written to them. */
export class Blocks implements Holding {
  readonly #heap: Heap;
  readonly #blocks = new Map<Ptr, Block>();
  #serial = 0;
  /** A block that is being moved: not to be freed by whoever is called meanwhile. */
  #moving: Ptr = NULL;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }

  /** Takes over a new block. */
  add(ptr: Ptr, size: number): void {
    must(ptr !== NULL && !this.#blocks.has(ptr), `block ${ptr} was handed out twice`);
    this.#write(ptr, size);
  }

  any(random: Random): Ptr | undefined {
    return this.isEmpty ? undefined : random.pick([...this.#blocks.keys()]);
  }

  resize(ptr: Ptr, size: number): void {
    const { size: old, pattern } = this.#blocks.get(ptr)!;
    this.#look(ptr, old, pattern);
    this.#moving = ptr;
    let moved: Ptr;
    try {
      moved = this.#heap.realloc(ptr, size);
    } finally {
      this.#moving = NULL;
    }
    this.#blocks.delete(ptr);
    this.#look(moved, Math.min(old, size), pattern);
    this.add(moved, size);
  }

  free(ptr: Ptr): void {
    if (ptr === this.#moving) return;
    const { size, pattern } = this.#blocks.get(ptr)!;
    this.#look(ptr, size, pattern);
    this.#blocks.delete(ptr);
    this.#heap.free(ptr);
  }

  compare(): void {
    for (const [ptr, { size, pattern }] of this.#blocks) this.#look(ptr, size, pattern);
  }

  release(): void {
    for (const ptr of [...this.#blocks.keys()]) if (this.#blocks.has(ptr)) this.free(ptr);
  }

  forget(): void {
    this.#blocks.clear();
  }

  #write(ptr: Ptr, size: number): void {
    const from = this.#serial++ & 0xff;
    const pattern = BYTES.subarray(from, from + PERIOD);
    if (size > 0) this.#heap.bytes(ptr, size).set(Buffer.alloc(size, pattern));
    this.#blocks.set(ptr, { size, pattern });
  }

  #look(ptr: Ptr, size: number, pattern: Uint8Array): void {
    if (size === 0) return;
    const bytes = this.#heap.bytes(ptr, size);
    if (Buffer.compare(bytes, Buffer.alloc(size, pattern)) === 0) return;
    const at = bytes.findIndex((byte, i) => byte !== pattern[i % PERIOD]);
    throw new Error(
      `byte ${at} of the block of ${size} at ${ptr} is ${bytes[at]}, not ${pattern[at % PERIOD]}`,
    );
  }
}

const SIZES = [40_000, 5000, 600, 100, 16];

/** Blocks that leave no room for others of their size. */
export class Filling implements Holding {
  readonly #heap: Heap;
  #blocks: Ptr[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Takes all that there is for blocks of `smallest` bytes; large ones first, so that there are not too many. */
  fill(smallest: number): void {
    for (const size of SIZES) if (size >= smallest) this.#take(size);
  }

  /** What was taken is seen to by verify(). */
  compare(): void {}

  release(): void {
    for (const block of this.#blocks.splice(0)) this.#heap.free(block);
  }

  forget(): void {
    this.#blocks = [];
  }

  #take(size: number): void {
    try {
      for (;;) this.#blocks.push(this.#heap.malloc(size));
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
    }
  }
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof HeapError && error.code === "ERR_HEAP_OOM";
}
