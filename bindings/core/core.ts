import { FAULT_NONE, MAP_ENTRIES, STATE_BYTES, STATE_FAULT, STATE_MAP } from "../generated/layout.js";
import { HeapError } from "./errors.js";
import { Blocks, NO_BLOCKS } from "./blocks.js";
import { Views } from "./memory.js";
import { OBJECT_FUNCTIONS, type ObjectExports } from "./abi.js";

/**
 * What the core exports. C names are the unchecked C functions; `checked_` ones test their pointer first and return a
 * fault code, or 0 with the code in the state word FAULT. Sizes and pointers arrive as signed 32-bit numbers.
 */
export interface CoreExports extends ObjectExports {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  realloc(ptr: number, size: number): number;
  free(ptr: number): undefined;
  aligned_alloc(alignment: number, size: number): number;
  malloc_usable_size(ptr: number): number;
  checked_malloc(size: number): number;
  checked_calloc(count: number, size: number): number;
  checked_realloc(ptr: number, size: number): number;
  checked_free(ptr: number): number;
  checked_aligned_alloc(alignment: number, size: number): number;
  checked_usable_size(ptr: number): number;
  /** 0, or a fault code. Before anything else, once a memory. */
  initialize(
    maxPages: number,
    smallThreshold: number,
    poolPages: number,
    clientArenas: number,
    secret: number,
  ): number;
  /** 0 if `ptr` is the start of a live block as far as that is provable, else a fault code. */
  check(ptr: number): number;
  /** Retires idle pools now instead of later. */
  retire_idle_pools(): undefined;
  reset(): undefined;
  /** 0, or the number of the first broken invariant, with details in the FAULT words. */
  verify(): number;
  /** Fills the census table of the state block. */
  census(): undefined;
  /** Address of the state block. */
  readonly stateBase: WebAssembly.Global;
  /** Which layout the core was compiled with, and whether it is the debug core; see {@link LAYOUT_VERSIONS}. */
  readonly layoutVersion: WebAssembly.Global;
}

/** No phase of a collection. */
const NO_PHASE = -1;

/** The two builds of the core. */
export type CoreKind = "release" | "debug";

/** What a core of this package says of itself. */
const LAYOUT_VERSIONS: Readonly<Record<CoreKind, number>> = {
  release: STATE_BYTES * 4 + 1,
  debug: STATE_BYTES * 4 + 2,
};

/** The functions of {@link CoreExports}; a test holds this list against both modules. */
export const CORE_FUNCTIONS = [
  "malloc",
  "calloc",
  "realloc",
  "free",
  "aligned_alloc",
  "malloc_usable_size",
  "checked_malloc",
  "checked_calloc",
  "checked_realloc",
  "checked_free",
  "checked_aligned_alloc",
  "checked_usable_size",
  "initialize",
  "check",
  "retire_idle_pools",
  "reset",
  "verify",
  "census",
  ...OBJECT_FUNCTIONS,
] as const satisfies readonly (keyof CoreExports)[];

/** What the core calls while it works. Nothing of it may throw; all of it may call the core. */
export interface CoreHooks {
  /** Runs the finalizer of the object's type; type 0: the object dies, runs what waits for that. */
  finalize(object: number, type: number): void;
  /** Runs a callback of a dead weak reference; weakref 0: forgets the callback. */
  callback(weakref: number, token: number): void;
  /** A collection of a generation starts or has ended, or an object was found to be trash: one of COLLECTION_. */
  collection(phase: number, subject: number): void;
}

/** One instance of the core on one memory: its functions, the cached views, and typed access to the state block. */
export class Core {
  readonly module: WebAssembly.Module;
  readonly kind: CoreKind;
  readonly views: Views;
  readonly exports: CoreExports;
  /** Hits of malloc and free; none with the debug core, which knows every block that it handed out. */
  readonly blocks: Blocks;
  /** Set by the object layer; carried along when the heap moves. */
  readonly hooks: CoreHooks;
  readonly #state: number;

  /**
   * Instantiates `module` on `memory`, which holds either zeroes or the image of a heap.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if the module is not this package's core of that kind
   */
  constructor(
    module: WebAssembly.Module,
    kind: CoreKind,
    memory: WebAssembly.Memory,
    hooks: CoreHooks = idleHooks(),
  ) {
    const views = new Views(memory);
    this.module = module;
    this.kind = kind;
    this.views = views;
    this.hooks = hooks;
    const host = {
      grown: () => views.refresh(),
      finalize: (object: number, type: number) => hooks.finalize(object >>> 0, type),
      callback: (weakref: number, token: number) => hooks.callback(weakref >>> 0, token),
      collection: (phase: number, subject: number) => hooks.collection(phase, subject >>> 0),
    };
    this.exports = instantiate(module, kind, { memory, ...host });
    // Compiled now: where the stack is nearly used up, an engine has no room to compile what it meets for the first time.
    host.finalize(0, 0);
    host.callback(0, 0);
    host.collection(NO_PHASE, 0);
    this.#state = this.exports.stateBase.value as number;
    this.blocks = kind === "release" ? new Blocks(views, this.#state) : NO_BLOCKS;
  }

  get memory(): WebAssembly.Memory {
    return this.views.memory;
  }

  /** A word of the state block; `offset` is one of the STATE_ constants. */
  state(offset: number): number {
    return this.views.word(this.#state + offset);
  }

  setState(offset: number, value: number): void {
    this.views.setWord(this.#state + offset, value);
  }

  /** Byte address of a part of the state block. */
  stateAddress(offset: number): number {
    return this.#state + offset;
  }

  /**
   * The arena map's entry of an arena: one of the ARENA_ codes, or from ARENA_PAGED on the distance of its page records
   * from the sentinel.
   */
  arenaEntry(index: number): number {
    return index < MAP_ENTRIES ? this.state(STATE_MAP + index * 4) : 0;
  }

  /** The code of the last fault, and no fault from now on. */
  takeFault(): number {
    const fault = this.state(STATE_FAULT);
    if (fault !== FAULT_NONE) this.setState(STATE_FAULT, FAULT_NONE);
    return fault;
  }
}

/** Hooks of a heap without objects. */
function idleHooks(): CoreHooks {
  return { finalize: () => {}, callback: () => {}, collection: () => {} };
}

function instantiate(
  module: WebAssembly.Module,
  kind: CoreKind,
  env: WebAssembly.ModuleImports,
): CoreExports {
  const exports = link(module, { env });
  const missing = CORE_FUNCTIONS.find((name) => typeof exports[name] !== "function");
  if (missing !== undefined || !(exports["stateBase"] instanceof WebAssembly.Global)) {
    throw notACore(`it does not export ${missing ?? "stateBase"}`);
  }
  const version = exports["layoutVersion"];
  if (!(version instanceof WebAssembly.Global) || version.value >>> 0 !== LAYOUT_VERSIONS[kind]) {
    throw notACore(`it is not the ${kind} core of this version of the package`);
  }
  return exports as unknown as CoreExports;
}

function link(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Exports {
  try {
    return new WebAssembly.Instance(module, imports).exports;
  } catch (cause) {
    throw notACore("it cannot be linked", cause);
  }
}

function notACore(why: string, cause?: unknown): HeapError {
  const details = { operation: "createHeap", argument: "module" };
  return new HeapError("ERR_HEAP_ARGUMENT", `option module is not the core of a heap: ${why}`, details, {
    cause,
  });
}
