import { ARENA_BYTES, MAX_ARENAS, PAGE_BYTES, SMALL_LIMIT } from "../generated/layout.js";
import { optionError } from "./arguments.js";
import { HeapError, type HeapErrorDetails } from "./errors.js";
import { readGrowth, type Growth, type GrowthWords } from "./growth.js";
import type { HostBytes } from "./host-types.js";
import { describeLeaks, type LeakReport } from "./leak-report.js";
import { WASM_PAGE_BYTES } from "./memory.js";
import { MAX_U32 } from "./ptr.js";
import { isSeed, seededWords, type RandomWords } from "./random.js";
import { DEFAULT_THRESHOLDS, THRESHOLDS_EXPECTED, areThresholds, type Thresholds } from "./thresholds.js";

/** Why `onMemoryPressure` is called. All bytes. */
export interface MemoryPressure {
  /** The request that cannot be served. */
  readonly size: number;
  /** Linear memory now, and its hard limit. */
  readonly memoryBytes: number;
  readonly maxBytes: number;
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
  /** Collect cycles by itself when thresholds are passed. Default true; `collector.enable()` and `disable()` switch later. */
  readonly autoCollect?: boolean | undefined;
  /** Thresholds of the three generations, as `collector.thresholds`. Default [2000, 10, 10]. (CPython: gc.set_threshold) */
  readonly thresholds?: readonly [number, number, number] | undefined;
  /**
   * References may be ints of 31 bits themselves, with the lowest bit set: no block, no count. `int` gives one wherever it
   * fits, and every slot takes it. Default false: counts and private free lists look as CPython's do.
   */
  readonly taggedInts?: boolean | undefined;
  /**
   * Full collections that start by themselves run in slices of about so many milliseconds, one at each collection of the
   * young; see `collector.step`. Default: in one go.
   */
  readonly pauseGoalMs?: number | undefined;
  /**
   * What the hashes of dict keys follow from, for runs that are to repeat each other: a whole number from 0 to 2⁵³ − 1, or a
   * bigint from 0 to 2¹²⁸ − 1. The secret that marks free blocks follows from it too. Who knows it can prepare keys that
   * collide. Default: bits from `crypto.getRandomValues`. (CPython: PYTHONHASHSEED)
   */
  readonly hashSeed?: number | bigint | undefined;
  /**
   * Use the hardened core, which trusts no pointer and no free list, not even of wasm modules: links of free blocks are
   * encoded and proved, pools begin with a random block, large blocks have a guard behind them. `{ zeroOnFree: true }`
   * also zeroes what is freed, and finds what was written to it since. Other entries and hosts than Node, Deno and Bun:
   * `tallyheap/hardened`. Default false. See docs/checks.md.
   */
  readonly hardened?: boolean | Hardening | undefined;
  /** How linear memory grows when it is full. A request that is larger than a step gets what it needs. */
  readonly growth?: Growth | undefined;
  /** Check pointers that arrive from TypeScript. Default true; always on in `tallyheap/debug`. */
  readonly checks?: boolean | undefined;
  /**
   * What happens when the host collects a `Handle` that was not disposed of: nothing, its reference is released at the
   * next call of the heap, or that and a warning on the console. Default `"warn"`.
   */
  readonly forgottenHandles?: ForgottenHandles | undefined;
  /**
   * Note where objects are made from the first heap snapshot on, so that an object that took the place of another of its
   * type has an id of its own in the next. Costs a call for each. Default false; always on in `tallyheap/debug`.
   */
  readonly serials?: boolean | undefined;
  /** The core, compiled or as bytes, so that workers share one compilation. Default: the one inlined in the package. */
  readonly module?: WebAssembly.Module | HostBytes | undefined;
  /**
   * A memory to live in, zero in its first 256 KiB, not shared between threads. Whoever passes it may grow it.
   * Default: a new one that nobody else knows.
   */
  readonly memory?: WebAssembly.Memory | undefined;
  /** Receives what a callback of the heap threw. Default: `console.error`. */
  readonly onUnraisable?: ((error: unknown) => void) | undefined;
  /**
   * Called before a request fails because memory is exhausted, after a collection; may free blocks. The request is then tried
   * again.
   * `trim`, `reset` and `dispose` inside are `ERR_HEAP_BUSY`.
   */
  readonly onMemoryPressure?: ((pressure: MemoryPressure) => void) | undefined;
  /**
   * Called by `dispose()` with what is still held: blocks that are allocated, handles that are not disposed of, objects
   * with references from outside. Not called if there is nothing. Default: `console.error`.
   */
  readonly onLeak?: ((report: LeakReport) => void) | undefined;
}

/** What the hardened core does besides. */
export interface Hardening {
  /** Zero blocks when they are freed. Default false. */
  readonly zeroOnFree?: boolean | undefined;
}

/** Options with every default filled in and every unit converted; what {@link readOptions} returns. */
export interface Settings {
  readonly initialPages: number;
  readonly maxPages: number;
  readonly smallThreshold: number;
  readonly poolPages: number;
  readonly clientArenas: number;
  readonly growth: GrowthWords;
  /** What chance would decide, if it is to follow from a seed. */
  readonly randomWords: RandomWords | undefined;
  /** For the hardened core; undefined for any other. */
  readonly hardened: Hardening | undefined;
  readonly autoCollect: boolean;
  readonly thresholds: Thresholds;
  /** References that a slice of an automatic full collection looks at; 0: in one go. */
  readonly sliceUnits: number;
  readonly checks: boolean;
  readonly taggedInts: boolean;
  /** The core proves every pointer to an object. */
  readonly strict: boolean;
  readonly forgottenHandles: ForgottenHandles;
  readonly serials: boolean;
  readonly module: WebAssembly.Module | HostBytes | undefined;
  readonly memory: WebAssembly.Memory | undefined;
  readonly onUnraisable: (error: unknown) => void;
  readonly onMemoryPressure: ((pressure: MemoryPressure) => void) | undefined;
  readonly onLeak: (report: LeakReport) => void;
}

const MAX_BYTES = 2 ** 32;
const MAX_PAUSE_MS = 10_000;
/** References that a slice looks at in a millisecond (`npm run -s bench:pauses`); half of it doubles the number of slices. */
const UNITS_PER_MS = 20_000;
const DEFAULT_INITIAL_BYTES = 2 ** 20;
/** Null page and state block; the heap's own arenas follow the client's. */
const RESERVED_BYTES = ARENA_BYTES;

/** What the value of an option has to be, and how an error says so. */
type Rule = readonly [isValid: (value: unknown) => boolean, expected: string, bounds?: HeapErrorDetails];

const BYTES: Rule = [(value) => Number.isInteger(value), "whole bytes", { minimum: 0, maximum: MAX_BYTES }];
const SWITCH: Rule = [(value) => typeof value === "boolean", "a boolean"];
const CALLBACK: Rule = [(value) => typeof value === "function", "a function"];
const RULES: Readonly<Record<keyof HeapOptions, Rule>> = {
  initialBytes: BYTES,
  maxBytes: BYTES,
  smallThreshold: [(value) => value === SMALL_LIMIT || value === SMALL_LIMIT / 2, "256 or 512"],
  poolBytes: BYTES,
  clientBytes: BYTES,
  pauseGoalMs: [
    (value) => typeof value === "number" && value > 0 && value <= MAX_PAUSE_MS,
    "milliseconds above 0",
    { minimum: 0, maximum: MAX_PAUSE_MS },
  ],
  hashSeed: [isSeed, "a whole number from 0 to 2^53 - 1 or a bigint from 0 to 2^128 - 1"],
  hardened: [isHardening, "a boolean or an object with zeroOnFree"],
  growth: [(value) => typeof value === "object" && value !== null, "an object"],
  autoCollect: SWITCH,
  thresholds: [areThresholds, THRESHOLDS_EXPECTED],
  checks: SWITCH,
  taggedInts: SWITCH,
  forgottenHandles: [
    (value) => value === "off" || value === "collect" || value === "warn",
    '"off", "collect" or "warn"',
  ],
  serials: SWITCH,
  module: [
    isModule,
    "a WebAssembly.Module or its bytes (`await heapModule(url)` of tallyheap/url makes one of an address)",
  ],
  memory: [isUnsharedMemory, "a WebAssembly.Memory that is not shared between threads"],
  onUnraisable: CALLBACK,
  onMemoryPressure: CALLBACK,
  onLeak: CALLBACK,
};

/**
 * Checks options and fills in the defaults.
 * @throws HeapError `ERR_HEAP_ARGUMENT`
 */
export function readOptions(options: HeapOptions = {}): Settings {
  if (typeof options !== "object" || options === null) throw optionError("options", options, "an object");
  for (const [name, value] of Object.entries(options)) requireOption(name, value);
  const {
    clientBytes = 0,
    maxBytes = MAX_BYTES,
    poolBytes,
    memory,
    thresholds = DEFAULT_THRESHOLDS,
  } = options;
  requireBytes("clientBytes", clientBytes, 0, (MAX_ARENAS - 2) * ARENA_BYTES);
  const clientArenas = Math.ceil(clientBytes / ARENA_BYTES);
  const leastBytes = RESERVED_BYTES + (clientArenas + 1) * ARENA_BYTES;
  requireBytes("maxBytes", maxBytes, leastBytes, MAX_BYTES);
  // A memory that was passed in is left as large as it is, unless that cannot hold an empty heap.
  const reservedBytes = RESERVED_BYTES + clientArenas * ARENA_BYTES;
  const ownBytes = Math.min(Math.max(DEFAULT_INITIAL_BYTES, leastBytes), maxBytes);
  const { initialBytes = memory ? reservedBytes : ownBytes } = options;
  requireBytes("initialBytes", initialBytes, 0, maxBytes);
  requireBytes("poolBytes", poolBytes ?? 0, 0, MAX_BYTES);
  const maxPages = Math.floor(maxBytes / WASM_PAGE_BYTES);
  const initialPages = Math.ceil(Math.max(initialBytes, reservedBytes) / WASM_PAGE_BYTES);
  return {
    initialPages: Math.min(initialPages, maxPages),
    maxPages,
    smallThreshold: options.smallThreshold ?? SMALL_LIMIT,
    poolPages: poolBytes === undefined ? MAX_U32 : Math.floor(poolBytes / PAGE_BYTES),
    clientArenas,
    growth: readGrowth(options.growth),
    randomWords: options.hashSeed === undefined ? undefined : seededWords(options.hashSeed),
    hardened: options.hardened === true ? {} : options.hardened || undefined,
    autoCollect: options.autoCollect ?? true,
    thresholds: [thresholds[0], thresholds[1], thresholds[2]],
    sliceUnits: Math.ceil((options.pauseGoalMs ?? 0) * UNITS_PER_MS),
    checks: options.checks ?? true,
    taggedInts: options.taggedInts ?? false,
    strict: false,
    forgottenHandles: options.forgottenHandles ?? "warn",
    serials: options.serials ?? false,
    module: options.module,
    memory,
    onUnraisable: options.onUnraisable ?? reportToConsole,
    onMemoryPressure: options.onMemoryPressure,
    onLeak: options.onLeak ?? reportLeak,
  };
}

/** A misspelt option would do nothing, and say nothing. */
function requireOption(name: string, value: unknown): void {
  if (value === undefined) return;
  if (Object.hasOwn(RULES, name)) {
    const [isValid, expected, bounds] = RULES[name as keyof HeapOptions];
    if (!isValid(value)) throw optionError(name, value, expected, bounds);
    return;
  }
  const message = `there is no option ${name}; there are ${Object.keys(RULES).join(", ")}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "createHeap", argument: name, value });
}

function requireBytes(name: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return;
  throw optionError(name, value, `whole bytes from ${minimum} to ${maximum}`, { minimum, maximum });
}

function isHardening(value: unknown): boolean {
  if (typeof value === "boolean") return true;
  if (typeof value !== "object" || value === null) return false;
  const isKnown = ([name, set]: [string, unknown]): boolean =>
    name === "zeroOnFree" && (set === undefined || typeof set === "boolean");
  return Object.entries(value).every(isKnown);
}

function isModule(value: unknown): boolean {
  return value instanceof WebAssembly.Module || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function isUnsharedMemory(value: unknown): boolean {
  return value instanceof WebAssembly.Memory && value.buffer instanceof ArrayBuffer;
}

function reportToConsole(error: unknown): void {
  console.error("tallyheap: a callback threw", error);
}

function reportLeak(report: LeakReport): void {
  console.error(describeLeaks(report));
}
