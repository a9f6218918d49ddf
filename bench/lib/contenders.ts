/**
 * Everything that is measured, under the names of the benchmark's output. A contender is a set of commands: what
 * they print is the same for all (bench/native/replay.c and micro.c describe it).
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { nodeVersion } from "./node.js";
import { buildDir, root } from "./paths.js";
import { nodeCommand, runLines, type Command } from "./process.js";
import { PRELOADS, compile, findCompiler, findLibrary, findWasmCompiler, modified } from "./toolchain.js";

export const INLINED = "tallyheap (inlined)";
export const CALLED = "tallyheap (called)";
export const HARDENED = "tallyheap (hardened)";
export const RAW = "tallyheap (raw)";
export const CHECKED = "tallyheap (checked)";
export const TLSF = "tlsf (wasm)";
export const DLMALLOC = "dlmalloc (wasm)";
export const GLIBC = "glibc";
export const SYSTEM = "system malloc";
export const NATIVE_PEERS: readonly string[] = PRELOADS.map(({ name }) => name);

export interface Contender {
  readonly name: string;
  /** `native` is a program of its own; the others run in Node. */
  readonly kind: "wasm" | "typescript" | "native";
  /** What it says of itself, for example `glibc 2.36`. */
  readonly version: string;
  readonly isFloor: boolean;
  /** `mode` is `time` or `inspect`. */
  replay(flatFile: string, passes: number, mode: string): Command;
  /** Absent where the loops of the micro suite do not run: they are inside wasm or C. */
  readonly micro?: (workload: number, units: number, portion: number) => Command;
  /** The wasm module with the loops and the pointers in its table, for other benchmarks in Node. */
  readonly module?: { readonly file: string; readonly slots: number };
}

export interface Field {
  readonly contenders: readonly Contender[];
  /** One line for each thing that is not there. */
  readonly absent: readonly string[];
  /** Name of the contender that all ratios refer to. */
  readonly reference: string;
}

/** bench/steps.mjs, which is JavaScript because the build runs it before there is anything compiled. */
interface Steps {
  readonly CHUNK: number;
  readonly SLOTS: number;
  moduleFile(name: string, slots: number): string;
  compileModule(name: string, slots: number): Promise<void>;
}

/**
 * Finds and builds what can take part. `slots` is the largest number of blocks that a trace has alive; wasm modules
 * that are not wanted are not compiled for it. The hardened core takes part where it is asked for.
 */
export async function assemble(
  slots = 0,
  wanted: (name: string) => boolean = () => true,
  hardened = false,
): Promise<Field> {
  const steps = (await import(pathToFileURL(join(root, "bench/steps.mjs")).href)) as Steps;
  let table = steps.SLOTS;
  while (table < slots) table *= 2;
  const absent: string[] = [];
  const contenders: Contender[] = [];
  const own: (readonly [name: string, module: string])[] = [
    [INLINED, "tallyheap-inlined"],
    [CALLED, "tallyheap-called"],
    ...(hardened ? ([[HARDENED, "tallyheap-hardened"]] as const) : []),
    [TLSF, "tlsf"],
    ["floor (wasm)", "floor"],
  ];
  const wasm = own
    .filter(([name]) => wanted(name))
    .map(async ([name, module]) => {
      const file = join(root, steps.moduleFile(module, table));
      const standard = join(root, steps.moduleFile(module, steps.SLOTS));
      // The build keeps the standard size up to date; a larger table follows it.
      if (modified(file) < modified(standard)) await steps.compileModule(module, table);
      return wasmContender(name, file, file, table, module === "floor");
    });
  const [inlined, called, ...others] = await Promise.all(wasm);
  contenders.push(...[inlined, called].filter((contender) => contender !== undefined));
  contenders.push(typescriptContender(RAW, "raw", false));
  contenders.push(typescriptContender(CHECKED, "checked", false));
  contenders.push(...others);
  const dlmalloc = buildDlmalloc(steps.CHUNK, table);
  if (dlmalloc) contenders.push(wasmContender(DLMALLOC, dlmalloc.replay, dlmalloc.micro, table, false));
  else
    absent.push(
      "dlmalloc (wasm): no clang for wasm32 with wasi-libc (Debian: clang lld wasi-libc libclang-rt-dev-wasm32)",
    );
  const floor = join(root, steps.moduleFile("floor", steps.SLOTS));
  contenders.push(typescriptContender("floor (typescript)", floor, true));

  const native = buildNative(steps.CHUNK, table);
  if (native === undefined) {
    absent.push("glibc, mimalloc, jemalloc, tcmalloc: no working C compiler (cc), so ratios are to TLSF");
    return { contenders, absent, reference: TLSF };
  }
  const system = await nativeContender(undefined, native, {});
  contenders.push(system);
  for (const { name, library, debian } of PRELOADS) {
    const file = findLibrary(library);
    const found =
      file === undefined
        ? undefined
        : await nativeContender(name, native, { LD_PRELOAD: file }).catch(() => undefined);
    if (found?.version.startsWith(name)) contenders.push(found);
    else
      absent.push(
        `${name}: ${file === undefined ? `no library found (Debian: ${debian})` : "its library cannot be preloaded"}`,
      );
  }
  contenders.push({ ...(await nativeContender("floor (native)", native.floor, {})), isFloor: true });
  return { contenders, absent, reference: system.name };
}

function wasmContender(
  name: string,
  replayModule: string,
  microModule: string,
  slots: number,
  isFloor: boolean,
): Contender {
  return {
    name,
    kind: "wasm",
    version: nodeVersion,
    isFloor,
    module: { file: microModule, slots },
    replay: (flat, passes, mode) =>
      nodeCommand("replay/replay-worker.js", [replayModule, slots, flat, passes, mode]),
    micro: (workload, units, portion) =>
      nodeCommand("micro/micro-worker.js", [microModule, slots, workload, units, portion]),
  };
}

function typescriptContender(name: string, heap: string, isFloor: boolean): Contender {
  return {
    name,
    kind: "typescript",
    version: nodeVersion,
    isFloor,
    replay: (flat, passes, mode) => nodeCommand("replay/typescript-worker.js", [heap, flat, passes, mode]),
  };
}

interface NativePrograms {
  readonly replay: string;
  readonly micro: string;
}

async function nativeContender(
  name: string | undefined,
  programs: NativePrograms,
  env: Record<string, string>,
): Promise<Contender> {
  const command = (file: string, ...args: readonly (string | number)[]): Command => ({
    file,
    args: args.map(String),
    env,
  });
  const [line = ""] = await runLines(command(programs.replay));
  const version = line.replace(/^allocator /, "");
  return {
    name: name ?? (version.startsWith("glibc") ? GLIBC : SYSTEM),
    kind: "native",
    version,
    isFloor: false,
    replay: (flat, passes, mode) => command(programs.replay, flat, passes, mode),
    micro: (workload, units, portion) => command(programs.micro, workload, units, portion),
  };
}

function buildNative(chunk: number, slots: number): (NativePrograms & { floor: NativePrograms }) | undefined {
  const compiler = findCompiler();
  if (compiler === undefined) return undefined;
  const link = process.platform === "linux" ? ["-ldl"] : [];
  const build = (source: string, name: string, flags: readonly string[]): string =>
    compile(compiler, source, join(buildDir, "native", name), [...flags, ...link]);
  const sized = [`-DCHUNK=${chunk}`, `-DSLOTS=${slots}`];
  return {
    replay: build("replay.c", `replay-${slots}`, sized),
    micro: build("micro.c", "micro", []),
    floor: {
      replay: build("replay.c", `replay-floor-${slots}`, [...sized, "-DFLOOR"]),
      micro: build("micro.c", "micro-floor", ["-DFLOOR"]),
    },
  };
}

function buildDlmalloc(chunk: number, slots: number): NativePrograms | undefined {
  const compiler = findWasmCompiler();
  if (compiler === undefined) return undefined;
  const build = (source: string, name: string, flags: readonly string[]): string =>
    compile(compiler, source, join(buildDir, "contenders", `${name}.wasm`), flags);
  return {
    replay: build("replay.c", `dlmalloc-replay-${slots}`, [`-DCHUNK=${chunk}`, `-DSLOTS=${slots}`]),
    micro: build("micro.c", "dlmalloc-micro", []),
  };
}
