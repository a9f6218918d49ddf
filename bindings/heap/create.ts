import * as layout from "../generated/layout.js";
import { Core, type CoreKind } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import type { HostBytes } from "../core/host-types.js";
import { WASM_PAGE_BYTES } from "../core/memory.js";
import type { Settings } from "../core/options.js";
import { randomWords } from "../core/random.js";

/** Why bytes that are a wasm module are refused all the same. */
export const NOT_ALLOWED =
  "the host does not let the heap's core be compiled; a page's Content Security Policy has to allow it: " +
  "script-src 'wasm-unsafe-eval'";

/**
 * Compiles the core, unless that was done.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if the bytes are no wasm module, or the host does not let it be compiled
 */
export function compile(source: WebAssembly.Module | HostBytes): WebAssembly.Module {
  if (source instanceof WebAssembly.Module) return source;
  try {
    return new WebAssembly.Module(source);
  } catch (cause) {
    const message = WebAssembly.validate(source) ? NOT_ALLOWED : "option module is not a wasm module";
    throw new HeapError(
      "ERR_HEAP_ARGUMENT",
      message,
      { operation: "createHeap", argument: "module" },
      { cause },
    );
  }
}

/**
 * An empty heap's core, of the kind that the entry works with, on a memory as the settings want it.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for a memory that is not zero or too large, `ERR_HEAP_OOM`
 */
export function openCore(module: WebAssembly.Module, kind: CoreKind, settings: Settings): Core {
  const memory = settings.memory ? adoptMemory(settings.memory, settings) : ownMemory(settings);
  const core = new Core(module, kind, memory);
  const { maxPages, smallThreshold, poolPages, clientArenas } = settings;
  const { secret, linkSecret, order, hashKey } = settings.randomWords ?? randomWords();
  const fault = core.exports.initialize(maxPages, smallThreshold, poolPages, clientArenas, secret);
  if (fault !== layout.FAULT_NONE) throw refusedMemory("it already holds a heap");
  core.setState(layout.STATE_GROWTH_FACTOR, settings.growth.factor);
  core.setState(layout.STATE_GROWTH_FLOOR, settings.growth.floor);
  core.setState(layout.STATE_GROWTH_CAP, settings.growth.cap);
  core.setState(layout.STATE_LINK_SECRET, linkSecret);
  core.setState(layout.STATE_RANDOM, order);
  core.setState(layout.STATE_ZERO_ON_FREE, settings.hardened?.zeroOnFree === true ? 1 : 0);
  hashKey.forEach((word, index) => core.setState(layout.STATE_HASH_KEY + index * 4, word));
  // What lies above the first arena of a memory that was passed in is not known to be zero, and calloc asks.
  if (settings.memory) core.setState(layout.STATE_VIRGIN, core.state(layout.STATE_END));
  return core;
}

function ownMemory(settings: Settings): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: settings.initialPages, maximum: settings.maxPages });
  } catch (cause) {
    throw outOfMemory(settings, "the host has no memory of", cause);
  }
}

/** A memory that was passed in: examined, and only then grown to what the heap needs at least. */
function adoptMemory(memory: WebAssembly.Memory, settings: Settings): WebAssembly.Memory {
  if (!isAddressedBy32Bits(memory))
    throw refusedMemory("it cannot be linked as a memory with addresses of 32 bits");
  const pages = memory.buffer.byteLength / WASM_PAGE_BYTES;
  if (pages > settings.maxPages) throw refusedMemory("it is larger than maxBytes");
  requireZero(memory);
  clearPartialArena(memory, pages);
  if (pages >= settings.initialPages) return memory;
  try {
    memory.grow(settings.initialPages - pages);
    return memory;
  } catch (cause) {
    throw outOfMemory(settings, "the memory that was passed in cannot grow to", cause);
  }
}

/** Imports a memory without limits: `(module (import "" "m" (memory 0)))`. */
const MEMORY_PROBE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 7, 1, 0, 1, 0x6d, 2, 0, 0];

/** No property tells memories with addresses of 32 and of 64 bits apart in every host, but linking does. */
function isAddressedBy32Bits(memory: WebAssembly.Memory): boolean {
  try {
    new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(MEMORY_PROBE)), { "": { m: memory } });
    return true;
  } catch {
    return false;
  }
}

/** The core takes zeroes below its first arena for granted. */
function requireZero(memory: WebAssembly.Memory): void {
  const words = new Uint32Array(
    memory.buffer,
    0,
    Math.min(memory.buffer.byteLength, layout.ARENA_BYTES) >>> 2,
  );
  if (words.some((word) => word !== 0))
    throw refusedMemory("its first 256 KiB are not zero; it may hold a heap");
}

/** Pages behind the last whole arena become part of one that the core grows and takes for untouched. */
function clearPartialArena(memory: WebAssembly.Memory, pages: number): void {
  const end = Math.min(Math.floor(pages / layout.ARENA_WASM_PAGES), layout.MAX_ARENAS) * layout.ARENA_BYTES;
  new Uint8Array(memory.buffer, end, memory.buffer.byteLength - end).fill(0);
}

function refusedMemory(why: string): HeapError {
  const details = { operation: "createHeap", argument: "memory" };
  return new HeapError("ERR_HEAP_ARGUMENT", `option memory cannot be used: ${why}`, details);
}

function outOfMemory(settings: Settings, what: string, cause: unknown): HeapError {
  const size = settings.initialPages * WASM_PAGE_BYTES;
  const details = { operation: "createHeap", size, maxBytes: settings.maxPages * WASM_PAGE_BYTES };
  return new HeapError("ERR_HEAP_OOM", `createHeap: ${what} ${size} bytes`, details, {
    cause,
  });
}
