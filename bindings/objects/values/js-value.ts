import { HeapError } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";

/**
 * JavaScript's counterpart of a built-in value: None null, bool boolean, int number where it is safe, else bigint,
 * float number, str string, bytes Uint8Array, tuple and list array, dict Map.
 */
export type JSValue =
  null | boolean | number | bigint | string | Uint8Array | JSValue[] | Map<JSValue, JSValue>;

/** The error for what JavaScript, or the heap, has no counterpart of. */
export function noCounterpart(operation: string, what: string, ptr?: Ptr): HeapError {
  const message = `${operation}: ${what} has no counterpart`;
  return new HeapError("ERR_HEAP_TYPE", message, ptr === undefined ? { operation } : { operation, ptr });
}
