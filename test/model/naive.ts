import type { Ptr } from "../../bindings/index.js";
import type { Family } from "./family.js";

interface Taken {
  readonly ptr: number;
  readonly size: number;
}

const ALIGNMENT = 16;

/**
 * The malloc family in the fewest words: first fit over a sorted list of what is taken. It is right because it is
 * simple, and says whether a script or its judge is at fault.
 */
export class NaiveHeap implements Family {
  readonly #memory: Uint8Array;
  #taken: Taken[] = [];

  constructor(bytes: number) {
    this.#memory = new Uint8Array(bytes);
  }

  malloc(size: number): Ptr {
    return this.alignedAlloc(ALIGNMENT, size);
  }

  calloc(count: number, size: number): Ptr {
    const ptr = this.malloc(count * size);
    this.#memory.fill(0, ptr, ptr + count * size);
    return ptr;
  }

  realloc(ptr: Ptr, size: number): Ptr {
    if (ptr === 0) return this.malloc(size);
    const old = this.usableSize(ptr);
    const moved = this.malloc(size);
    this.#memory.copyWithin(moved, ptr, ptr + Math.min(old, size));
    this.free(ptr);
    return moved;
  }

  alignedAlloc(alignment: number, size: number): Ptr {
    let end = ALIGNMENT;
    for (const [i, block] of [...this.#taken, { ptr: this.#memory.length, size: 0 }].entries()) {
      const ptr = Math.ceil(end / alignment) * alignment;
      if (ptr + Math.max(size, 1) <= block.ptr) {
        this.#taken.splice(i, 0, { ptr, size });
        return ptr as Ptr;
      }
      end = block.ptr + Math.max(block.size, 1);
    }
    throw new Error("the naive heap is full");
  }

  free(ptr: Ptr): void {
    if (ptr !== 0) this.#taken.splice(this.#find(ptr), 1);
  }

  usableSize(ptr: Ptr): number {
    return this.#taken[this.#find(ptr)]!.size;
  }

  bytes(ptr: Ptr, length: number): Uint8Array {
    return this.#memory.subarray(ptr, ptr + length);
  }

  verify(): void {
    const sorted = this.#taken.every(
      (block, i, all) => i === 0 || all[i - 1]!.ptr + all[i - 1]!.size <= block.ptr,
    );
    if (!sorted) throw new Error("the naive heap overlaps");
  }

  reset(): void {
    this.#taken = [];
  }

  disturb(): void {}

  #find(ptr: Ptr): number {
    const index = this.#taken.findIndex((block) => block.ptr === ptr);
    if (index < 0) throw new Error(`the naive heap has no block at ${ptr}`);
    return index;
  }
}
