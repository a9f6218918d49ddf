import { FAULT_NONE, STATE_BYTES } from "./generated/layout.js";
import { Core } from "./core.js";
import { HeapError } from "./errors.js";
import { WASM_PAGE_BYTES } from "./memory.js";
import type { Settings } from "./options.js";

/**
 * Compiles the core, unless that was done.
 * @throws HeapError `ERR_HEAP_ARGUMENT` if the bytes are no wasm module
 */
export function compile(source: WebAssembly.Module | BufferSource): WebAssembly.Module {
  if (source instanceof WebAssembly.Module) return source;
  try {
    return new WebAssembly.Module(source);
  } catch (cause) {
    const details = { operation: "createHeap", argument: "module" };
    throw new HeapError("ERR_HEAP_ARGUMENT", "option module is not a wasm module", details, { cause });
  }
}

/**
 * An empty heap's core on a memory as the settings want it.
 * @throws HeapError `ERR_HEAP_ARGUMENT` for a memory that is not zero or too large, `ERR_HEAP_OOM`
 */
export function openCore(module: WebAssembly.Module, settings: Settings): Core {
  const memory = settings.memory ? adoptMemory(settings.memory, settings) : ownMemory(settings);
  const core = new Core(module, memory);
  if (settings.memory) requireZero(core);
  const { maxPages, smallThreshold, poolPages, clientArenas } = settings;
  const fault = core.exports.initialize(maxPages, smallThreshold, poolPages, clientArenas, randomWord());
  if (fault !== FAULT_NONE) throw refusedMemory("it already holds a heap");
  return core;
}

function ownMemory(settings: Settings): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: settings.initialPages, maximum: settings.maxPages });
  } catch (cause) {
    throw outOfMemory(settings, cause);
  }
}

/** A memory that was passed in, grown to what the heap needs at least. */
function adoptMemory(memory: WebAssembly.Memory, settings: Settings): WebAssembly.Memory {
  const pages = memory.buffer.byteLength / WASM_PAGE_BYTES;
  if (pages > settings.maxPages) throw refusedMemory("it is larger than maxBytes");
  if (pages >= settings.initialPages) return memory;
  try {
    memory.grow(settings.initialPages - pages);
    return memory;
  } catch (cause) {
    throw outOfMemory(settings, cause);
  }
}

/** The core takes zeroes below its first arena for granted. */
function requireZero(core: Core): void {
  const words = core.views.words.subarray(0, core.stateAddress(STATE_BYTES) >>> 2);
  if (words.some((word) => word !== 0))
    throw refusedMemory("its first 256 KiB are not zero; it may hold a heap");
}

function refusedMemory(why: string): HeapError {
  const details = { operation: "createHeap", argument: "memory" };
  return new HeapError("ERR_HEAP_ARGUMENT", `option memory cannot be used: ${why}`, details);
}

function outOfMemory(settings: Settings, cause: unknown): HeapError {
  const size = settings.initialPages * WASM_PAGE_BYTES;
  const details = { operation: "createHeap", size, maxBytes: settings.maxPages * WASM_PAGE_BYTES };
  return new HeapError("ERR_HEAP_OOM", `createHeap: the host has no memory of ${size} bytes`, details, {
    cause,
  });
}

/** The secret that marks freed blocks: unpredictable where the host can, else at least varying. */
function randomWord(): number {
  const word = new Uint32Array(1);
  if (typeof crypto === "object") crypto.getRandomValues(word);
  else word[0] = Math.floor(Math.random() * 2 ** 32);
  return word[0] ?? 0;
}
