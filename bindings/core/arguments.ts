import { HeapError, hex, show, type HeapErrorDetails } from "./errors.js";
import { MAX_U32, isU32, type Ptr } from "./ptr.js";

/** Largest alignment that `alignedAlloc` serves, in bytes. */
const MAX_ALIGNMENT = 65_536;

/** Refuses what is not a whole number of bytes (or of items) from 0 to 2³² − 1. */
export function requireSize(operation: string, argument: string, value: unknown): asserts value is number {
  if (isU32(value)) return;
  refuse(operation, argument, value, `a whole number from 0 to ${MAX_U32}`, { minimum: 0, maximum: MAX_U32 });
}

/** Refuses what cannot be an address: not a whole number from 0 to 2³² − 1. */
export function requirePtr(operation: string, value: unknown): asserts value is Ptr {
  if (isU32(value)) return;
  refuse(operation, "ptr", value, "a pointer of this heap", { minimum: 0, maximum: MAX_U32 });
}

export function requireAlignment(operation: string, value: unknown): void {
  if (isU32(value) && value > 0 && value <= MAX_ALIGNMENT && (value & (value - 1)) === 0) return;
  const bounds = { minimum: 1, maximum: MAX_ALIGNMENT };
  refuse(operation, "alignment", value, `a power of two from 1 to ${MAX_ALIGNMENT}`, bounds);
}

/** Refuses a product of more than 32 bits, as calloc must. */
export function requireProduct(operation: string, count: number, size: number): void {
  if (count * size <= MAX_U32) return;
  const message = `${operation}(${count}, ${size}): the product must not be over ${MAX_U32}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation, count, size, maximum: MAX_U32 });
}

/** Refuses a range of bytes that touches the null page or leaves the memory. */
export function requireRange(
  operation: string,
  ptr: Ptr,
  length: number,
  least: number,
  memoryBytes: number,
): void {
  if (ptr >= least && ptr + length <= memoryBytes) return;
  const message = `${operation}(${hex(ptr)}, ${length}): bytes from ${hex(least)} up to ${hex(memoryBytes)} exist`;
  const details = { operation, ptr, length, minimum: least, maximum: memoryBytes, memoryBytes };
  throw new HeapError(ptr < least ? "ERR_HEAP_BAD_POINTER" : "ERR_HEAP_RANGE", message, details);
}

function refuse(
  operation: string,
  argument: string,
  value: unknown,
  expected: string,
  bounds: HeapErrorDetails,
): never {
  const message = `${operation}: ${argument} must be ${expected}, not ${show(value)}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, {
    operation,
    argument,
    value,
    ...numbers(argument, value),
    ...bounds,
  });
}

/** The refused number under its own name too: `error.size`, `error.count`, … */
function numbers(argument: string, value: unknown): HeapErrorDetails {
  return typeof value === "number" && argument !== "ptr" ? { [argument]: value } : {};
}
