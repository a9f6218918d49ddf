/** Instantiates the wasm modules that the build compiles from bench/assembly, and C for wasm. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { buildDir } from "./paths.js";

/** bench/native/replay.c says what each does. */
export interface LoopExports {
  opsAddress(): number;
  sizesAddress(): number;
  previousAddress(): number;
  heapBase(): number;
  highestEnd(): number;
  faultAt(): number;
  prepare(largest: number): void;
  replay(count: number): void;
  inspect(count: number): number;
  setup(workload: number): void;
  step(workload: number, units: number): void;
  rewind(workload: number): void;
  /** tallyheap only. */
  verify?(): number;
  /** Modules from AssemblyScript only: the heap's functions for loops outside. */
  heapMalloc(size: number): number;
  heapCalloc(size: number): number;
  heapRealloc(block: number, size: number): number;
  heapFree(block: number): void;
  heapMemalign(log2: number, size: number): number;
}

export interface Loops {
  readonly exports: LoopExports;
  readonly memory: WebAssembly.Memory;
}

const WASM_PAGE_BYTES = 65_536;
/** What the modules have beside the slot table: the buffers for operations and the core's state. */
const STATIC_PAGES = 8;

/** `slots` is the number of pointers in the module's table: it and other static data lie below the heap. */
export function instantiate(file: string, slots: number, imports: WebAssembly.Imports = {}): Loops {
  const module = new WebAssembly.Module(readFileSync(file));
  const imported = WebAssembly.Module.imports(module).some(({ name }) => name === "memory");
  const initial = Math.ceil((slots * 4) / WASM_PAGE_BYTES) + STATIC_PAGES;
  const env = imported ? { memory: new WebAssembly.Memory({ initial, maximum: 65_536 }) } : {};
  const { exports } = new WebAssembly.Instance(module, { ...imports, env });
  (exports["_initialize"] as (() => void) | undefined)?.(); // a WASI reactor's constructor
  return { exports: exports as unknown as LoopExports, memory: exports["memory"] as WebAssembly.Memory };
}

/** Instantiates a module that works on objects: with the core from source, or with AssemblyScript's own runtime. */
export function instantiateObjects<E>(name: "objects" | "managed"): E {
  const module = new WebAssembly.Module(readFileSync(join(buildDir, `contenders/${name}.wasm`)));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536 });
  return new WebAssembly.Instance(module, { env: { memory } }).exports as E;
}
