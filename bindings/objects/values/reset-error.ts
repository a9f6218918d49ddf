import { HeapError } from "../../core/errors.js";

/** Host code that was asked for the items reset the heap: those that came before are gone. */
export function resetError(operation: string): HeapError {
  const message = `${operation}: the heap was reset while the items were read`;
  return new HeapError("ERR_HEAP_USE_AFTER_FREE", message, { operation });
}
