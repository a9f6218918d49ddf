import {
  ARENA_BYTES,
  GROWTH_CAP,
  GROWTH_FACTOR,
  GROWTH_FLOOR,
  MAX_ARENAS,
  PAGE_BYTES,
  SMALL_LIMIT,
} from "../generated/layout.js";
import { HeapError, show } from "./errors.js";
import { describeLeaks, type LeakReport } from "./leak-report.js";
import { WASM_PAGE_BYTES } from "./memory.js";
import { MAX_U32 } from "./ptr.js";
import { DEFAULT_THRESHOLDS, THRESHOLDS_EXPECTED, areThresholds, type Thresholds } from "./thresholds.js";

/** Why `onMemoryPressure` is called. All bytes. */
export interface MemoryPressure {
  /** The request that cannot be served. */
  readonly size: number;
  /** Linear memory now, and its hard limit. */
  readonly memoryBytes: number;
  readonly maxBytes: number;
}

/** How linear memory grows: by `memory · (factor − 1) + floorBytes`, but at most fourfold and by `capBytes`. */
export interface Growth {
  /** From 1 to 4. Default 1.5. */
  readonly factor?: number | undefined;
  /** Bytes, rounded up to arenas of 256 KiB; up to 1 GiB. Default 3.75 MiB. */
  readonly floorBytes?: number | undefined;
  /** Bytes, rounded up to arenas of 256 KiB; from 256 KiB to 4 GiB. Default 256 MiB. */
  readonly capBytes?: number | undefined;
}

/** The same as the core keeps it: (factor − 1) · 256, and arenas. */
export interface GrowthWords {
  readonly factor: number;
  readonly floor: number;
  readonly cap: number;
}

/** What a forgotten handle does. */
export type ForgottenHandles = "off" | "collect" | "warn";

/**
 * Options of `createHeap`. Every name and value is checked; a refused one is an `ERR_HEAP_ARGUMENT` that says what was
 * expected.
 */
export interface HeapOptions {
  /** Linear memory at the start, in bytes; rounded up to 64 KiB. Default 1 MiB. */
  readonly initialBytes?: number | undefined;
  /** Hard limit on linear memory, in bytes; rounded down to 64 KiB. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
  /** Largest request in bytes that pools serve: 512, or 256 as before CPython 3.3. Default 512. */
  readonly smallThreshold?: 256 | 512 | undefined;
  /**
   * Cap in bytes on what the pools of small classes may take, rounded down to pages of 4 KiB; past it small requests
   * are served by the smallest class of slabs (CPython's WITH_MEMORY_LIMITS). Default: none.
   */
  readonly poolBytes?: number | undefined;
  /**
   * Bytes from 256 KiB on, rounded up to arenas of 256 KiB, that the heap leaves to the static data and the stacks of
   * other modules that import its memory. Default 0.
   */
  readonly clientBytes?: number | undefined;
  /** How linear memory grows when it is full. A request that is larger than a step gets what it needs. */
  readonly growth?: Growth | undefined;
  /** Collect cycles by itself when thresholds are passed. Default true; `collector.enable()` and `disable()` switch later. */
  readonly autoCollect?: boolean | undefined;
  /** Thresholds of the three generations, as `collector.thresholds`. Default [2000, 10, 10]. (CPython: gc.set_threshold) */
  readonly thresholds?: readonly [number, number, number] | undefined;
  /** Check pointers that arrive from TypeScript. Default true; always on in `tallyheap/debug`. */
  readonly checks?: boolean | undefined;
  /**
   * What happens when the host collects a `Handle` that was not disposed of: nothing, its reference is released at the
   * next call of the heap, or that and a warning on the console. Default `"warn"`.
   */
  readonly forgottenHandles?: ForgottenHandles | undefined;
  /** The core, compiled or as bytes, so that workers share one compilation. Default: the one inlined in the package. */
  readonly module?: WebAssembly.Module | BufferSource | undefined;
  /**
   * A memory to live in, zero in its first 256 KiB, not shared between threads. Whoever passes it may grow it.
   * Default: a new one that nobody else knows.
   */
  readonly memory?: WebAssembly.Memory | undefined;
  /** Receives what a callback of the heap threw. Default: `console.error`. */
  readonly onUnraisable?: ((error: unknown) => void) | undefined;
  /**
   * Called before a request fails because memory is exhausted; may free blocks. The request is then tried once more.
   * `trim`, `reset` and `dispose` inside are `ERR_HEAP_BUSY`.
   */
  readonly onMemoryPressure?: ((pressure: MemoryPressure) => void) | undefined;
  /**
   * Called by `dispose()` with what is still held: blocks that are allocated, handles that are not disposed of, objects
   * with references from outside. Not called if there is nothing. Default: `console.error`.
   */
  readonly onLeak?: ((report: LeakReport) => void) | undefined;
}

/** Options with every default filled in and every unit converted; what {@link readOptions} returns. */
export interface Settings {
  readonly initialPages: number;
  readonly maxPages: number;
  readonly smallThreshold: number;
  readonly poolPages: number;
  readonly clientArenas: number;
  readonly growth: GrowthWords;
  readonly autoCollect: boolean;
  readonly thresholds: Thresholds;
  readonly checks: boolean;
  /** The core proves every pointer to an object. */
  readonly strict: boolean;
  readonly forgottenHandles: ForgottenHandles;
  readonly module: WebAssembly.Module | BufferSource | undefined;
  readonly memory: WebAssembly.Memory | undefined;
  readonly onUnraisable: (error: unknown) => void;
  readonly onMemoryPressure: ((pressure: MemoryPressure) => void) | undefined;
  readonly onLeak: (report: LeakReport) => void;
}

/** The names of all options. */
const NAMES: Record<keyof HeapOptions, true> = {
  initialBytes: true,
  maxBytes: true,
  smallThreshold: true,
  poolBytes: true,
  clientBytes: true,
  growth: true,
  autoCollect: true,
  thresholds: true,
  checks: true,
  forgottenHandles: true,
  module: true,
  memory: true,
  onUnraisable: true,
  onMemoryPressure: true,
  onLeak: true,
};

const MAX_BYTES = 2 ** 32;
const DEFAULT_INITIAL_BYTES = 2 ** 20;
/** Null page and state block; the heap's own arenas follow the client's. */
const RESERVED_BYTES = ARENA_BYTES;

/**
 * Checks options and fills in the defaults.
 * @throws HeapError `ERR_HEAP_ARGUMENT`
 */
export function readOptions(options: HeapOptions = {}): Settings {
  if (typeof options !== "object" || options === null) refuse("options", options, "an object");
  requireNames("option", options, NAMES);
  const clientBytes = readBytes("clientBytes", options.clientBytes, 0, 0, (MAX_ARENAS - 2) * ARENA_BYTES);
  const clientArenas = Math.ceil(clientBytes / ARENA_BYTES);
  const leastBytes = RESERVED_BYTES + (clientArenas + 1) * ARENA_BYTES;
  const maxBytes = readBytes("maxBytes", options.maxBytes, MAX_BYTES, leastBytes, MAX_BYTES);
  const memory = readMemory(options.memory);
  // A memory that was passed in is left as large as it is, unless that cannot hold an empty heap.
  const reservedBytes = RESERVED_BYTES + clientArenas * ARENA_BYTES;
  const initialDefault = memory
    ? reservedBytes
    : Math.min(Math.max(DEFAULT_INITIAL_BYTES, leastBytes), maxBytes);
  const initialBytes = readBytes("initialBytes", options.initialBytes, initialDefault, 0, maxBytes);
  const maxPages = Math.floor(maxBytes / WASM_PAGE_BYTES);
  const initialPages = Math.ceil(Math.max(initialBytes, reservedBytes) / WASM_PAGE_BYTES);
  return {
    initialPages: Math.min(initialPages, maxPages),
    maxPages,
    smallThreshold: readThreshold(options.smallThreshold),
    poolPages: readPoolPages(options.poolBytes),
    clientArenas,
    growth: readGrowth(options.growth),
    autoCollect: readSwitch("autoCollect", options.autoCollect),
    thresholds: readThresholds(options.thresholds),
    checks: readSwitch("checks", options.checks),
    strict: false,
    forgottenHandles: readForgotten(options.forgottenHandles),
    module: readModule(options.module),
    memory,
    onUnraisable: readCallback("onUnraisable", options.onUnraisable) ?? reportToConsole,
    onMemoryPressure: readCallback("onMemoryPressure", options.onMemoryPressure),
    onLeak: readCallback("onLeak", options.onLeak) ?? reportLeak,
  };
}

/** A misspelt option would do nothing, and say nothing. */
function requireNames(kind: string, options: object, names: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, name)) continue;
    const message = `there is no ${kind} ${name}; there are ${Object.keys(names).join(", ")}`;
    throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "createHeap", argument: name, value });
  }
}

function readBytes(name: string, value: unknown, fallback: number, minimum: number, maximum: number): number {
  if (value === undefined) return fallback;
  const valid = typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum;
  if (!valid) refuse(name, value, `whole bytes from ${minimum} to ${maximum}`, { minimum, maximum });
  return value;
}

function readThreshold(value: unknown): number {
  if (value === undefined) return SMALL_LIMIT;
  if (value !== SMALL_LIMIT && value !== SMALL_LIMIT / 2) refuse("smallThreshold", value, "256 or 512");
  return value;
}

function readPoolPages(value: unknown): number {
  if (value === undefined) return MAX_U32;
  return Math.floor(readBytes("poolBytes", value, 0, 0, MAX_BYTES) / PAGE_BYTES);
}

const GROWTH_NAMES: Readonly<Record<keyof Growth, true>> = { factor: true, floorBytes: true, capBytes: true };
const GROWTH_STEPS = 256;
const MAX_GROWTH_FACTOR = 4;
const MAX_FLOOR_BYTES = 2 ** 30;

/** @throws HeapError `ERR_HEAP_ARGUMENT` */
export function readGrowth(value: unknown): GrowthWords {
  if (value === undefined) return { factor: GROWTH_FACTOR, floor: GROWTH_FLOOR, cap: GROWTH_CAP };
  if (typeof value !== "object" || value === null) refuse("growth", value, "an object");
  requireNames("option growth.", value, GROWTH_NAMES);
  const { factor = 1 + GROWTH_FACTOR / GROWTH_STEPS, floorBytes, capBytes } = value as Growth;
  if (!(typeof factor === "number" && factor >= 1 && factor <= MAX_GROWTH_FACTOR)) {
    const bounds = { minimum: 1, maximum: MAX_GROWTH_FACTOR };
    refuse("growth.factor", factor, `a number from 1 to ${MAX_GROWTH_FACTOR}`, bounds);
  }
  const floor = readBytes("growth.floorBytes", floorBytes, GROWTH_FLOOR * ARENA_BYTES, 0, MAX_FLOOR_BYTES);
  const cap = readBytes("growth.capBytes", capBytes, GROWTH_CAP * ARENA_BYTES, ARENA_BYTES, MAX_BYTES);
  return {
    factor: Math.round((factor - 1) * GROWTH_STEPS),
    floor: Math.ceil(floor / ARENA_BYTES),
    cap: Math.ceil(cap / ARENA_BYTES),
  };
}

function readSwitch(name: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== "boolean") refuse(name, value, "a boolean");
  return value;
}

function readThresholds(value: unknown): Thresholds {
  if (value === undefined) return DEFAULT_THRESHOLDS;
  if (!areThresholds(value)) refuse("thresholds", value, THRESHOLDS_EXPECTED);
  return [value[0], value[1], value[2]];
}

function readForgotten(value: unknown): ForgottenHandles {
  if (value === undefined) return "warn";
  if (value !== "off" && value !== "collect" && value !== "warn") {
    refuse("forgottenHandles", value, '"off", "collect" or "warn"');
  }
  return value;
}

function readModule(value: unknown): WebAssembly.Module | BufferSource | undefined {
  if (value === undefined || value instanceof WebAssembly.Module) return value;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value as BufferSource;
  return refuse("module", value, "a WebAssembly.Module or its bytes");
}

function readMemory(value: unknown): WebAssembly.Memory | undefined {
  if (value === undefined) return value;
  if (!(value instanceof WebAssembly.Memory)) refuse("memory", value, "a WebAssembly.Memory");
  if (!(value.buffer instanceof ArrayBuffer))
    refuse("memory", value, "a memory that is not shared between threads");
  return value;
}

function readCallback<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && typeof value !== "function") refuse(name, value, "a function");
  return value;
}

function refuse(
  name: string,
  value: unknown,
  expected: string,
  bounds: { minimum?: number; maximum?: number } = {},
): never {
  const message = `option ${name} must be ${expected}, not ${show(value)}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, {
    operation: "createHeap",
    argument: name,
    value,
    ...bounds,
  });
}

function reportToConsole(error: unknown): void {
  console.error("tallyheap: a callback threw", error);
}

function reportLeak(report: LeakReport): void {
  console.error(describeLeaks(report));
}
