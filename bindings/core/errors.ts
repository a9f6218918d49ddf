import type { Ptr } from "./ptr.js";

/**
 * What went wrong, stable across versions:
 *
 * | code | meaning |
 * |---|---|
 * | `ERR_HEAP_OOM` | a valid request that the memory cannot serve; nothing is lost, freeing makes the heap usable again |
 * | `ERR_HEAP_ARGUMENT` | a size, count, alignment, pointer or option that is no valid number, or an option of a wrong kind |
 * | `ERR_HEAP_BAD_POINTER` | not the start of a live block of this heap |
 * | `ERR_HEAP_DOUBLE_FREE` | a block that was freed before |
 * | `ERR_HEAP_USE_AFTER_FREE` | an object that is dead; debug core: a freed block was written to |
 * | `ERR_HEAP_TYPE` | an object, field or type of another kind than the operation wants |
 * | `ERR_HEAP_RANGE` | a range that leaves the memory, an index that does not exist, a number that does not fit; a dict whose keys changed during iteration |
 * | `ERR_HEAP_FOREIGN_HANDLE` | a handle of another heap |
 * | `ERR_HEAP_LEAK` | `assertNoLeaks`: something is alive that was not before |
 * | `ERR_HEAP_CORRUPT` | a broken invariant or an overwritten guard; after a trap every later call fails with it |
 * | `ERR_HEAP_SHARED` | `trim()` although the memory is known outside of the heap |
 * | `ERR_HEAP_BUSY` | `trim()`, `reset()` or `dispose()` from inside a finalizer or callback |
 * | `ERR_HEAP_USE_AFTER_DISPOSE` | any call after `dispose()`, of the heap, a handle or a scope |
 */
export type HeapErrorCode =
  | "ERR_HEAP_OOM"
  | "ERR_HEAP_ARGUMENT"
  | "ERR_HEAP_BAD_POINTER"
  | "ERR_HEAP_DOUBLE_FREE"
  | "ERR_HEAP_USE_AFTER_FREE"
  | "ERR_HEAP_USE_AFTER_DISPOSE"
  | "ERR_HEAP_TYPE"
  | "ERR_HEAP_RANGE"
  | "ERR_HEAP_FOREIGN_HANDLE"
  | "ERR_HEAP_LEAK"
  | "ERR_HEAP_CORRUPT"
  | "ERR_HEAP_SHARED"
  | "ERR_HEAP_BUSY";

/** The facts of a {@link HeapError}: only those that matter to its code are present. */
export interface HeapErrorDetails {
  /** The method that was called, such as `"malloc"`. */
  readonly operation?: string;
  /** The argument or option that was refused, by name, and what it was. */
  readonly argument?: string;
  readonly value?: unknown;
  /** Smallest and largest value that would have been accepted. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Bytes asked for. */
  readonly size?: number;
  readonly count?: number;
  readonly alignment?: number;
  readonly length?: number;
  /** The pointer the caller passed. */
  readonly ptr?: Ptr;
  /** Bytes of linear memory now, and its hard limit. */
  readonly memoryBytes?: number;
  readonly maxBytes?: number;
  /** The broken invariant, by name and by number. */
  readonly invariant?: string;
  readonly invariantCode?: number;
  /** Where the damage is, what stood there and what should have. */
  readonly address?: number;
  readonly expected?: number;
  readonly actual?: number;
  /** Debug core: the damaged block, the bytes asked for when it was made, its serial number and its domain letter. */
  readonly block?: Ptr;
  readonly requestedSize?: number;
  readonly serial?: number;
  readonly domain?: string;
  /** Debug entry: JavaScript stacks of the call that made the block and of the one that freed it. */
  readonly allocationStack?: string;
  readonly freeStack?: string;
}

/** An error with the properties that its constructor assigns. */
const DetailedError = Error as new (message: string, options?: ErrorOptions) => Error & HeapErrorDetails;

/** Every failure of the heap. `code` is stable, the numbers are properties, the message is for people. */
export class HeapError extends DetailedError {
  readonly code: HeapErrorCode;

  constructor(code: HeapErrorCode, message: string, details: HeapErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "HeapError";
    this.code = code;
    Object.assign(this, details);
  }
}

/** `0x` and at least five hexadecimal digits, as every message of the heap prints addresses. */
export function hex(address: number): string {
  return `0x${(address >>> 0).toString(16).padStart(5, "0")}`;
}

/** How an error message shows a value that was refused: numbers as they are, strings quoted, the rest by kind. */
export function show(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
