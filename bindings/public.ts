/** What every entry of the package exports besides `createHeap`, `heapModule` and `Heap`. */
export { HeapError } from "./errors.js";
export type { HeapErrorCode, HeapErrorDetails } from "./errors.js";
export type { LeakReport, LeakedBlock } from "./leak.js";
export type { HeapOptions, MemoryPressure } from "./options.js";
export { NULL } from "./ptr.js";
export type { Ptr } from "./ptr.js";
export type { RawExports, RawHeap } from "./raw.js";
export type { HeapStats, StatsView } from "./stats.js";
