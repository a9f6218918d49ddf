import { MAX_ALIGNMENT } from "../generated/layout.js";
import { HeapError, hex, show, type HeapErrorDetails } from "./errors.js";
import { MAX_U32, isU32, type Ptr } from "./ptr.js";

/** Refuses what is not a whole number of bytes (or of items) from 0 to 2³² − 1. */
export function requireSize(operation: string, argument: string, value: unknown): asserts value is number {
  if (isU32(value)) return;
  const bounds = { ...named(argument, value), minimum: 0, maximum: MAX_U32 };
  throw argumentError(operation, argument, value, `a whole number from 0 to ${MAX_U32}`, bounds);
}

/** Refuses what cannot be an address: not a whole number from 0 to 2³² − 1. */
export function requirePtr(operation: string, value: unknown): asserts value is Ptr {
  if (isU32(value)) return;
  throw argumentError(operation, "ptr", value, "a pointer of this heap", { minimum: 0, maximum: MAX_U32 });
}

export function requireAlignment(operation: string, value: unknown): void {
  if (isU32(value) && value > 0 && value <= MAX_ALIGNMENT && (value & (value - 1)) === 0) return;
  const bounds = { ...named("alignment", value), minimum: 1, maximum: MAX_ALIGNMENT };
  throw argumentError(operation, "alignment", value, `a power of two from 1 to ${MAX_ALIGNMENT}`, bounds);
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

/** The refused number under its own name too: `error.size`, `error.count`, … */
function named(argument: string, value: unknown): HeapErrorDetails {
  return typeof value === "number" ? { [argument]: value } : {};
}

/** Refuses what is no function. */
export function requireFunction(operation: string, argument: string, value: unknown): void {
  if (typeof value !== "function") throw argumentError(operation, argument, value, "a function");
}

// ---- values and indexes ----

/** A value to store as 64 bits. */
export function requireWhole(operation: string, value: unknown): bigint {
  if (typeof value === "bigint" || Number.isInteger(value)) return BigInt(value as number | bigint);
  throw argumentError(operation, "value", value, "a whole number");
}

/** A value to store as any other number. */
export function requireNumber(operation: string, value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw argumentError(operation, "value", value, "a number");
}

/** The kinds of whole numbers that a field can have besides 64 bits: least and largest. */
const INTEGERS = {
  i8: [-(2 ** 7), 2 ** 7 - 1],
  u8: [0, 2 ** 8 - 1],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  u16: [0, 2 ** 16 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, MAX_U32],
} as const;

/** A kind of whole numbers of at most 32 bits. */
export type IntegerKind = keyof typeof INTEGERS;

/** A value to store as a whole number: one that fits, a fraction without what is behind the point. */
export function requireInteger(operation: string, value: unknown, kind: IntegerKind): number {
  const number = requireNumber(operation, value);
  const [minimum, maximum] = INTEGERS[kind];
  if (number > minimum - 1 && number < maximum + 1) return number;
  const cut = minimum < 0 ? `${operation}(p, field, value | 0)` : `${operation}(p, field, value >>> 0)`;
  const hint = maximum < 2 ** 31 - 1 ? "" : `; ${cut} stores its lowest 32 bits`;
  const message = `${operation}: ${show(number)} does not fit ${kind}, which goes from ${minimum} to ${maximum}${hint}`;
  throw new HeapError("ERR_HEAP_RANGE", message, { operation, argument: "value", value, minimum, maximum });
}

/** Refuses an index that is not one of `length` items. */
export function requireIndex(operation: string, p: Ptr, index: unknown, length: number): void {
  if (typeof index === "number" && Number.isInteger(index) && index >= 0 && index < length) return;
  throw indexError(operation, p, index, length - 1);
}

/** A bound as `slice` takes it, as an index of 0 … `length`: negative ones count from the end. */
export function sliceBound(operation: string, index: unknown, length: number): number {
  if (typeof index !== "number") throw argumentError(operation, "index", index, "a number");
  const whole = Math.trunc(index) || 0;
  return Math.min(Math.max(whole < 0 ? whole + length : whole, 0), length);
}

/** The error for an index outside of 0 … `maximum`. */
export function indexError(operation: string, ptr: Ptr, index: unknown, maximum: number): HeapError {
  const isNumber = typeof index === "number" || typeof index === "bigint";
  const range = maximum < 0 ? "there are none" : `they go from 0 to ${maximum}`;
  const message = `${operation}: no index ${isNumber ? String(index) : `of type ${typeof index}`}; ${range}`;
  const details = { operation, ptr, argument: "index", value: index, minimum: 0, maximum };
  return new HeapError(isNumber ? "ERR_HEAP_RANGE" : "ERR_HEAP_ARGUMENT", message, details);
}

// ---- what can be iterated ----

/** Refuses what cannot be iterated. */
export function requireIterable(operation: string, argument: string, value: unknown): void {
  const iterable = value as Partial<Iterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.iterator] === "function") return;
  throw argumentError(operation, argument, value, "iterable");
}

/** The pairs among which maps and dicts are made, each proved to be one. */
export function* requirePairs<K, V>(
  operation: string,
  entries: Iterable<readonly [K, V]>,
): Generator<readonly [K, V]> {
  requireIterable(operation, "entries", entries);
  for (const entry of entries) {
    requirePair(operation, entry);
    yield entry;
  }
}

/** Refuses what is no array. */
export function requirePair(operation: string, entry: unknown): void {
  if (!Array.isArray(entry)) throw argumentError(operation, "entries", entry, "pairs of a key and a value");
}

/** The error for an argument of a wrong kind. */
export function argumentError(
  operation: string,
  argument: string,
  value: unknown,
  expected: string,
  bounds: HeapErrorDetails = {},
): HeapError {
  const message = `${operation}: ${argument} must be ${expected}, not ${show(value)}`;
  const details = { operation, argument, value, ...bounds };
  return new HeapError("ERR_HEAP_ARGUMENT", message, details);
}

/** The error for an option of `createHeap` with such a value. */
export function optionError(
  name: string,
  value: unknown,
  expected: string,
  bounds?: HeapErrorDetails,
): HeapError {
  const message = `option ${name} must be ${expected}, not ${show(value)}`;
  const details = { operation: "createHeap", argument: name, value, ...bounds };
  return new HeapError("ERR_HEAP_ARGUMENT", message, details);
}
