/**
 * What this machine has beyond Node: a C compiler, a C compiler for wasm32 with wasi-libc, and other allocators to
 * preload. Nothing here is needed: what is absent costs its columns, each named in one line.
 */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { buildDir, nativeSources } from "./paths.js";

/** Both compilers get these: allocations must stay calls, and be calls to what is linked or preloaded. */
export const C_FLAGS: readonly string[] = [
  "-O3",
  "-std=gnu11",
  ...["malloc", "calloc", "realloc", "free", "posix_memalign"].map((name) => `-fno-builtin-${name}`),
];

/** Of this process alone: several may look for a compiler at a time. */
const PROBE = join(buildDir, `native/probe-${process.pid}`);

/** Command and leading arguments that compile a C file for this machine; undefined if none works. */
export function findCompiler(): readonly string[] | undefined {
  const own = process.env["CC"];
  const link = process.platform === "linux" ? ["-ldl"] : [];
  for (const cc of own ? [own] : ["cc", "gcc", "clang"]) {
    const command = [cc, ...C_FLAGS, "-D_GNU_SOURCE"];
    if (compiles([...command, ...link], "#include <dlfcn.h>\nint main(void) { return 0; }\n")) return command;
  }
  return undefined;
}

/** The same for wasm32 with wasi-libc. */
export function findWasmCompiler(): readonly string[] | undefined {
  const versions = ["", "-22", "-21", "-20", "-19", "-18", "-17", "-16", "-15", "-14"];
  for (const version of versions) {
    const linker = onPath(`wasm-ld${version}`) ?? onPath("wasm-ld");
    if (linker === undefined || onPath(`clang${version}`) === undefined) continue;
    const command = [
      ...[`clang${version}`, "--target=wasm32-wasi", ...C_FLAGS],
      ...["-mexec-model=reactor", `-fuse-ld=${linker}`],
    ];
    if (compiles(command, "#include <stdlib.h>\nvoid *p;\nint main(void) { p = malloc(1); return 0; }\n"))
      return command;
  }
  return undefined;
}

function onPath(program: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(process.platform === "win32" ? ";" : ":")
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

function compiles(command: readonly string[], source: string): boolean {
  mkdirSync(join(buildDir, "native"), { recursive: true });
  writeFileSync(`${PROBE}.c`, source);
  const [file = "", ...args] = command;
  const { status } = spawnSync(file, [...args, "-o", PROBE, `${PROBE}.c`], { stdio: "ignore" });
  for (const left of [PROBE, `${PROBE}.c`, `${PROBE}.exe`]) rmSync(left, { force: true });
  return status === 0;
}

/** Compiles a file of bench/native unless the product is newer than every source there. */
export function compile(
  compiler: readonly string[],
  source: string,
  product: string,
  flags: readonly string[],
): string {
  mkdirSync(join(product, ".."), { recursive: true });
  const sources = [source, "heap.h", "process.h"].map((name) => modified(join(nativeSources, name)));
  if (modified(product) > Math.max(...sources)) return product;
  const [file = "", ...args] = compiler;
  // Renamed into place: another process may be about to run it.
  const fresh = `${product}.${process.pid}`;
  const run = spawnSync(file, [...args, "-o", fresh, join(nativeSources, source), ...flags], {
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(`${file} cannot compile bench/native/${source}:\n${run.stderr}`);
  renameSync(fresh, product);
  return product;
}

/** 0 for a file that does not exist. */
export function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Allocators that can be preloaded, and the Debian package that holds each. */
export const PRELOADS = [
  { name: "mimalloc", library: /^libmimalloc\.so(\.\d+)*$/, debian: "libmimalloc2.0" },
  { name: "jemalloc", library: /^libjemalloc\.so(\.\d+)*$/, debian: "libjemalloc2" },
  { name: "tcmalloc", library: /^libtcmalloc_minimal\.so(\.\d+)*$/, debian: "libtcmalloc-minimal4" },
] as const;

/** The library file of a preloadable allocator. */
export function findLibrary(pattern: RegExp): string | undefined {
  if (process.platform !== "linux") return undefined;
  const folders = [
    ...(process.env["LD_LIBRARY_PATH"] ?? "").split(":"),
    "/usr/local/lib",
    "/usr/lib64",
    "/lib64",
  ];
  for (const lib of ["/usr/lib", "/lib"]) {
    if (existsSync(lib))
      folders.push(
        lib,
        ...readdirSync(lib)
          .filter((name) => name.includes("-linux-"))
          .map((name) => join(lib, name)),
      );
  }
  for (const folder of folders) {
    if (folder === "" || !existsSync(folder)) continue;
    const file = readdirSync(folder)
      .filter((name) => pattern.test(name))
      .sort()[0];
    if (file !== undefined) return realpathSync(join(folder, file));
  }
  return undefined;
}
