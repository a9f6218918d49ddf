/** One C program as wasm, once for each allocator. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { root } from "../../bench/lib/paths.js";
import { findWasmCompiler } from "../../bench/lib/toolchain.js";
import { Absent, CACHE } from "./sources.js";

/** A program to build: C files and what the compiler needs to know. */
export interface Program {
  readonly name: string;
  readonly files: readonly string[];
  readonly flags: readonly string[];
}

/** A build with one allocator. */
export interface Variant {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  /** What the others are compared with. */
  readonly isReference: boolean;
}

/** Our part of the C: what WASI lacks. */
export const C_FOLDER = join(root, "examples/c-runtimes/c");
const LINKER = join(root, "dist/cli.js");
/** Clients of a running heap keep their statics where `clientBytes` reserves arenas. */
const CLIENT_BASE = 262_144;

/** setjmp by wasm exceptions; see docs/embedding-c.md. */
const SJLJ = join(root, "include/sjlj");
export const SETJMP = [
  ...["-mllvm", "-wasm-enable-sjlj", "-mexception-handling"],
  ...[`-I${SJLJ}`, join(SJLJ, "sjlj.c")],
];

/** The builds with all allocators; each is made once and kept until something that goes into it changes. */
export function build(program: Program): readonly Variant[] {
  const clang = findWasmCompiler();
  if (!clang)
    throw new Absent("no clang that compiles for wasm32-wasi (docs/embedding-c.md names the packages)");
  const compiler = [...clang, "-mexec-model=command", "-O2", "-w", `-I${C_FOLDER}`];
  const parts = [
    ...program.files,
    join(SJLJ, "setjmp.h"),
    join(SJLJ, "sjlj.c"),
    join(root, "bindings/generated/linked-core.ts"),
  ];
  const hash = createHash("sha256").update(JSON.stringify([compiler, program.flags]));
  for (const part of parts) hash.update(readFileSync(part));
  const folder = join(CACHE, "built", `${program.name}-${hash.digest("hex").slice(0, 16)}`);
  mkdirSync(folder, { recursive: true });
  const compile = (output: string, extra: readonly string[]) =>
    run([
      ...compiler,
      ...extra,
      ...program.flags,
      ...program.files,
      "-Wl,--export=__heap_base",
      "-o",
      output,
    ]);

  // wasi-libc with its own malloc: what a user has before anything of this project.
  const own = make(join(folder, "own.wasm"), (output) => compile(output, []));
  const dlmalloc = make(join(folder, "dlmalloc.wasm"), (output) => optimize(own, output));
  const linked = make(join(folder, "linked.wasm"), (output) =>
    run([process.execPath, LINKER, "link", own, "-o", output]),
  );
  const imported = make(join(folder, "imported.wasm"), (output) => {
    const libc = libcWithoutMalloc(compiler, folder);
    const flags = ["--import-memory", `--global-base=${CLIENT_BASE}`, "--allow-undefined"];
    compile(output, [`-L${libc}`, ...[...flags, ...stackBehindData(compiler)].map((flag) => `-Wl,${flag}`)]);
    optimize(output, output);
  });
  const version = firstLine([compiler[0]!, "--version"]);
  return [
    { name: "dlmalloc (wasi-libc)", version, file: dlmalloc, isReference: true },
    { name: "tallyheap (linked)", version, file: linked, isReference: false },
    { name: "tallyheap (imported)", version, file: imported, isReference: false },
  ];
}

/** A copy of wasi-libc in which nothing defines malloc. The linker looks into this folder first. */
function libcWithoutMalloc(compiler: readonly string[], folder: string): string {
  const target = join(folder, "libc");
  const archive = join(target, "libc.a");
  if (existsSync(archive)) return target;
  mkdirSync(target, { recursive: true });
  const found = run([...compiler, "-print-file-name=libc.a"]).trim();
  copyFileSync(found, `${archive}.tmp`);
  const version = /\d*$/.exec(compiler[0]!)![0];
  run([version ? `llvm-ar${version}` : "llvm-ar", "d", `${archive}.tmp`, "dlmalloc.o"]);
  renameSync(`${archive}.tmp`, archive);
  return target;
}

/** Newer linkers put the stack at address 0 unless told otherwise; older ones do not know the option. */
function stackBehindData(compiler: readonly string[]): string[] {
  const linker =
    compiler.find((flag) => flag.startsWith("-fuse-ld="))?.slice("-fuse-ld=".length) ?? "wasm-ld";
  const { stdout } = spawnSync(linker, ["--help"], { encoding: "utf8" });
  return stdout.includes("--no-stack-first") ? ["--no-stack-first"] : [];
}

/** The passes that `tallyheap link` runs, on a module that it does not link. */
function optimize(input: string, output: string): void {
  const manifest = createRequire(import.meta.url).resolve("binaryen/package.json");
  const wasmOpt = join(dirname(manifest), "bin/wasm-opt");
  run([process.execPath, wasmOpt, "-O3", "-all", "--strip-debug", input, "-o", output]);
}

function make(output: string, produce: (output: string) => void): string {
  if (existsSync(output)) return output;
  const temporary = output.replace(/\.wasm$/, `.${process.pid}.wasm`);
  produce(temporary);
  renameSync(temporary, output);
  return output;
}

function run(command: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command[0]!, command.slice(1), { encoding: "utf8" });
  if (status === 0) return stdout;
  const words = (stderr || stdout || (error?.message ?? "")).trim().split("\n").slice(-8).join("\n");
  throw new Error(`${command[0]} failed: ${words}`);
}

function firstLine(command: readonly string[]): string {
  return run(command).split("\n")[0]!.trim();
}
