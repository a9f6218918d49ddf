import { FAULT_NONE, MAP_ENTRIES, STATE_BYTES, STATE_FAULT, STATE_MAP } from "../generated/layout.js";
import { HeapError } from "./errors.js";
import { Blocks, NO_BLOCKS } from "./blocks.js";
import { LinearMemory } from "./memory.js";
import { BYTE_FUNCTIONS, type CoreExports } from "./abi.js";

/** No phase of a collection. */
const NO_PHASE = -1;

/** The builds of the core; that of bytes is the release core without objects. */
export type CoreKind = "release" | "debug" | "hardened" | "bytes";

/** What a core of this package says of itself. */
export const LAYOUT_VERSIONS: Readonly<Record<CoreKind, number>> = {
  release: STATE_BYTES * 4 + 1,
  debug: STATE_BYTES * 4 + 2,
  hardened: STATE_BYTES * 4,
  bytes: STATE_BYTES * 4 + 3,
};

/** What the core calls while it works. Nothing of it may throw; all of it may call the core. */
export interface CoreHooks {
  /** Runs the finalizer of the object's type; type 0: the object dies, runs what waits for that. */
  finalize(object: number, type: number): void;
  /** Runs a callback of a dead weak reference; weakref 0: forgets the callback. */
  callback(weakref: number, token: number): void;
  /** A collection of a generation starts or has ended, or an object was found to be trash: one of COLLECTION_. */
  collection(phase: number, subject: number): void;
  /** Visits the host's roots; 0 if that failed. */
  roots(): number;
  /** Visits what the host holds for an object, or releases it; 0 if that failed. */
  traverse(object: number, type: number, releases: number): number;
}

/** One instance of the core on one memory: its functions, and typed access to the state block. */
export class Core {
  readonly module: WebAssembly.Module;
  readonly kind: CoreKind;
  readonly linear: LinearMemory;
  readonly exports: CoreExports;
  /** Hits of malloc and free; not of the debug and hardened cores, which do more. */
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
    const linear = new LinearMemory(memory);
    this.module = module;
    this.kind = kind;
    this.linear = linear;
    this.hooks = hooks;
    const host = {
      grown: () => linear.refresh(),
      finalize: (object: number, type: number) => hooks.finalize(object >>> 0, type),
      callback: (weakref: number, token: number) => hooks.callback(weakref >>> 0, token),
      collection: (phase: number, subject: number) => hooks.collection(phase, subject >>> 0),
      roots: () => hooks.roots(),
      traverse: (object: number, type: number, releases: number) =>
        hooks.traverse(object >>> 0, type, releases),
    };
    this.exports = instantiate(module, kind, { memory, ...host });
    // Compiled now: where the stack is nearly used up, an engine has no room to compile what it meets for the first time.
    host.finalize(0, 0);
    host.callback(0, 0);
    host.collection(NO_PHASE, 0);
    host.roots();
    host.traverse(0, 0, 0);
    this.#state = this.exports.stateBase.value as number;
    const isPlain = kind === "release" || kind === "bytes";
    this.blocks = isPlain ? new Blocks(linear, this.#state) : NO_BLOCKS;
  }

  get memory(): WebAssembly.Memory {
    return this.linear.memory;
  }

  /** A word of the state block; `offset` is one of the STATE_ constants. */
  state(offset: number): number {
    return this.linear.word(this.#state + offset);
  }

  setState(offset: number, value: number): void {
    this.linear.setWord(this.#state + offset, value);
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
  return { finalize: () => {}, callback: () => {}, collection: () => {}, roots: () => 1, traverse: () => 1 };
}

function instantiate(
  module: WebAssembly.Module,
  kind: CoreKind,
  env: WebAssembly.ModuleImports,
): CoreExports {
  const exports = link(module, { env });
  const missing = BYTE_FUNCTIONS.find((name) => typeof exports[name] !== "function");
  if (missing !== undefined || !(exports["stateBase"] instanceof WebAssembly.Global)) {
    throw notACore(`it does not export ${missing ?? "stateBase"}`);
  }
  const version = exports["layoutVersion"];
  if (!(version instanceof WebAssembly.Global) || version.value >>> 0 !== LAYOUT_VERSIONS[kind]) {
    throw notACore(`it is not the ${kind} core of this version of the package`);
  }
  // Without objects a collection makes no room; nothing else of the object functions is called.
  return (kind === "bytes" ? { ...exports, gc_rescue: () => 0 } : exports) as unknown as CoreExports;
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
