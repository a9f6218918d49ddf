import type { Ptr } from "../../bindings/index.js";

/** What the model needs of an allocator: the malloc family, the bytes, and a way to look for damage. */
export interface Family {
  malloc(size: number): Ptr;
  calloc(count: number, size: number): Ptr;
  realloc(ptr: Ptr, size: number): Ptr;
  alignedAlloc(alignment: number, size: number): Ptr;
  free(ptr: Ptr): void;
  usableSize(ptr: Ptr): number;
  bytes(ptr: Ptr, length: number): Uint8Array;
  verify(): void;
  reset(): void;
  /** Moves the ground under the blocks: the heap goes to another memory, or somebody else grows the one it has. */
  disturb(): void;
}
