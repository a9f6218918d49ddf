import { isU32 } from "./ptr.js";

/** Thresholds of generations 0, 1 and 2: allocations minus deallocations, and collections of the next younger generation. */
export type Thresholds = readonly [number, number, number];

/** CPython's since 3.13. */
export const DEFAULT_THRESHOLDS: Thresholds = [2000, 10, 10];
export const THRESHOLDS_EXPECTED = "three whole numbers from 0 to 4294967295";

export function areThresholds(value: unknown): value is Thresholds {
  return Array.isArray(value) && value.length === 3 && value.every((item) => isU32(item));
}
