/**
 * Puts the bytes layer into a wasm module, where its malloc is: the module's own functions then, calls that wasm-opt and
 * an engine inline, and one file.
 *
 *   0                              heap base                            next multiple of 256 KiB
 *   ├ data and stack of the module ┼ state block ┼ not used ────────────┼ arena ┼ arena ┼ … ┤
 *
 * The module keeps its addresses; the core takes the ones behind them (core-at.ts).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type binaryen from "binaryen";
import { ARENA_BYTES, GROWTH_CAP, LINKED_GROWTH_FACTOR, LINKED_GROWTH_FLOOR } from "../generated/layout.js";
import { loadTools, type Binaryen, type Tools } from "./binaryen.js";
import { coreAt } from "./core-at.js";
import { readGrowth, type Growth } from "../core/growth.js";
import { LinkError } from "./errors.js";
import {
  readWasm,
  staticEnd,
  withInitialMemory,
  withMemoryExport,
  withOwnMemory,
  wordsModule,
  type WasmFile,
} from "./wasm-file.js";

export interface LinkOptions {
  /** Module that the malloc family is imported from; default `env`. */
  readonly module?: string;
  /** As wasm-opt's `-O0` to `-O4`; default 3. */
  readonly optimizeLevel?: number;
  /** How the memory grows; by default by an eighth and 512 KiB. */
  readonly growth?: Growth | undefined;
  /** Keep the names of functions, for profilers and stack traces. */
  readonly names?: boolean;
}

/** Names by which the parts know each other while they are merged. */
const CLIENT = "tallyheap:client";
const CORE = "tallyheap:core";
const MEMORY = "tallyheap:memory";

/** The family by the number of its i32 parameters and results. */
const FAMILY: Readonly<Record<string, readonly [parameters: number, results: number]>> = {
  malloc: [1, 1],
  calloc: [2, 1],
  realloc: [2, 1],
  free: [1, 0],
  aligned_alloc: [2, 1],
  memalign: [2, 1],
  posix_memalign: [3, 1],
  malloc_usable_size: [1, 1],
  malloc_trim: [1, 1],
  mallinfo2: [1, 0],
  tallyheap_verify: [0, 1],
};
const ALLOCATING = new Set(["malloc", "calloc", "realloc", "aligned_alloc", "memalign", "posix_memalign"]);

/** How a linked module's memory grows where the options do not say. */
const LINKED_GROWTH = { factor: LINKED_GROWTH_FACTOR, floor: LINKED_GROWTH_FLOOR, cap: GROWTH_CAP };

const RECIPE = "link it against a libc without malloc (docs/embedding-c.md, “The libc recipe”)";

/** Highest address of data, stack and state block: the number of the first arena is written in two bytes. */
const STATIC_LIMIT = 2 ** 30;

/**
 * The module with the core in it. It imports and exports what it did before, but for the malloc family, and grows its
 * own memory.
 * @throws LinkError if the module has no malloc that can be replaced, or another shape than linking needs
 */
export async function link(
  bytes: Uint8Array<ArrayBuffer>,
  options: LinkOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const file = readWasm(bytes);
  const memory = checkedMemory(file);
  const core = coreAt(staticEnd(file));
  if (core.end > STATIC_LIMIT) throw new LinkError(`has data and stack up to ${core.end}, above 1 GiB`);
  if (core.arenas + ARENA_BYTES > memory.maximumBytes) {
    throw new LinkError(
      `needs ${core.arenas + ARENA_BYTES} bytes for its data, its stack and a heap, but limits its memory to ` +
        `${memory.maximumBytes} (--max-memory)`,
    );
  }
  const tools = await loadTools();
  const client = prepare(tools, file, core.end, options);
  const parts: [Uint8Array, string][] = [
    [client, CLIENT],
    [core.bytes, CORE],
  ];
  if (options.growth) {
    const { factor, floor, cap } = readGrowth(options.growth, LINKED_GROWTH);
    parts.push([wordsModule([CLIENT, MEMORY], core.growth, [factor, floor, cap]), "tallyheap:growth"]);
  }
  const merged = merge(tools, parts, options.names ?? false);
  return finish(tools, merged, file, options);
}

// ---- what the module must be like ----

function checkedMemory(file: WasmFile): WasmFile["memories"][number] {
  const [memory, ...more] = file.memories;
  if (!memory) throw new LinkError("has no memory");
  if (more.length > 0) throw new LinkError("has more than one memory");
  if (memory.is64) throw new LinkError("has a 64-bit memory (memory64); the heap's addresses have 32 bits");
  if (memory.shared) throw new LinkError("has a shared memory (threads); the heap serves one thread");
  return memory;
}

// ---- the module before the merge ----

/** The module with its family imported from the core, its memory exported to it, and room for its state. */
function prepare(
  { binaryen }: Tools,
  file: WasmFile,
  coreEnd: number,
  options: LinkOptions,
): Uint8Array<ArrayBuffer> {
  binaryen.setDebugInfo(options.names ?? false);
  const client = read(binaryen, withOwnMemory(file));
  if (importFamily(binaryen, client, options.module ?? "env")) {
    client.runPasses(["remove-unused-module-elements"]);
    // What still grows the memory is an allocator, whose blocks nobody could tell from the heap's.
    if (client.emitText().includes("memory.grow")) {
      throw new LinkError(`keeps a part of its own allocator, inlined or without a name; ${RECIPE}`);
    }
  }
  const bytes = client.emitBinary() as Uint8Array<ArrayBuffer>;
  client.dispose();
  return withMemoryExport(withInitialMemory(bytes, coreEnd), MEMORY);
}

/**
 * Makes each function of the family an import from the core. True if one of them was defined by the module.
 * @throws LinkError if there is none that allocates, or one has other parameters than in C
 */
function importFamily(binaryen: Binaryen, client: binaryen.Module, module: string): boolean {
  const exported = new Map<string, string>();
  for (let i = 0; i < client.getNumExports(); i++) {
    const { kind, name, value } = binaryen.getExportInfo(client.getExportByIndex(i));
    if (kind === binaryen.ExternalFunction) exported.set(value, name);
  }
  const found: { internal: string; name: string; isDefined: boolean }[] = [];
  for (let i = 0; i < client.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(client.getFunctionByIndex(i));
    const isDefined = !info.module;
    const names = isDefined
      ? [info.name, exported.get(info.name)]
      : [info.module === module ? info.base : null];
    const name = names.find((candidate) => candidate && Object.hasOwn(FAMILY, candidate));
    if (!name) continue;
    checkSignature(binaryen, name, info);
    found.push({ internal: info.name, name, isDefined });
  }
  if (!found.some(({ name }) => ALLOCATING.has(name))) {
    throw new LinkError(`neither imports malloc from "${module}" nor defines it by that name; ${RECIPE}`);
  }
  for (const { internal, name } of found) {
    const { params, results } = binaryen.getFunctionInfo(client.getFunction(internal));
    client.removeFunction(internal);
    client.addFunctionImport(internal, CORE, coreName(name), params, results);
  }
  return found.some(({ isDefined }) => isDefined);
}

/** What the core calls a function of the family. */
function coreName(name: string): string {
  return name.startsWith("tallyheap_") ? name : `tallyheap_${name}`;
}

function checkSignature(binaryen: Binaryen, name: string, info: binaryen.FunctionInfo): void {
  const [parameters, results] = FAMILY[name]!;
  const [actual, returned] = [info.params, info.results].map((type) => binaryen.expandType(type));
  const words = [...actual!, ...returned!].every((type) => type === binaryen.i32);
  if (words && actual!.length === parameters && returned!.length === results) return;
  throw new LinkError(`has a ${name} of another type than C's`);
}

// ---- the merge, and after it ----

function merge(
  tools: Tools,
  parts: readonly [bytes: Uint8Array, name: string][],
  names: boolean,
): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-link-"));
  try {
    const path = (name: string) => join(folder, name);
    const files = parts.map(([bytes, name], i) => {
      writeFileSync(path(`${i}.wasm`), bytes);
      return [path(`${i}.wasm`), name] as const;
    });
    tools.merge(files, path("merged.wasm"), names);
    return readFileSync(path("merged.wasm"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The merged module with the exports and the memory of the client alone, optimized as a whole. */
function finish(
  { binaryen }: Tools,
  bytes: Uint8Array<ArrayBuffer>,
  file: WasmFile,
  options: LinkOptions,
): Uint8Array<ArrayBuffer> {
  const module = read(binaryen, bytes);
  const { imported } = file.memories[0]!;
  if (imported) {
    const { value } = binaryen.getExportInfo(module.getExport(MEMORY));
    module.addMemoryImport(value, imported.module, imported.name, false);
  }
  const exportNames = new Set(file.exportNames);
  for (let i = module.getNumExports() - 1; i >= 0; i--) {
    const { name } = binaryen.getExportInfo(module.getExportByIndex(i));
    if (!exportNames.has(name)) module.removeExport(name);
  }
  binaryen.setOptimizeLevel(options.optimizeLevel ?? 3);
  binaryen.setShrinkLevel(0);
  module.optimize();
  if (!options.names) module.runPasses(["strip-debug"]);
  const linked = module.emitBinary() as Uint8Array<ArrayBuffer>;
  module.dispose();
  return linked;
}

function read(binaryen: Binaryen, bytes: Uint8Array): binaryen.Module {
  const features = binaryen.Features;
  try {
    const module = binaryen.readBinaryWithFeatures(bytes, features.All);
    // What every engine of the last years has, so that the optimizer brings in nothing newer.
    module.setFeatures(
      features.MutableGlobals |
        features.SignExt |
        features.NontrappingFPToInt |
        features.BulkMemory |
        features.BulkMemoryOpt |
        features.ReferenceTypes |
        features.CallIndirectOverlong |
        features.Multivalue |
        features.SIMD128 |
        features.ExceptionHandling |
        features.TailCall,
    );
    return module;
  } catch (cause) {
    throw new LinkError("is a wasm file that binaryen cannot read", { cause });
  }
}
