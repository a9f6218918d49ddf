/** The parts of binaryen that linking takes: the package is the user's, as the compiler that made the module is. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type binaryenTypes from "binaryen";
import { LinkError } from "./errors.js";

export type Binaryen = typeof binaryenTypes;

export interface Tools {
  readonly binaryen: Binaryen;
  /** Merges modules: files and the names by which they import from each other. */
  merge(
    modules: readonly (readonly [file: string, name: string])[],
    output: string,
    keepNames: boolean,
  ): void;
}

/** @throws LinkError if the package is not installed beside this one or in the working directory's project */
export async function loadTools(): Promise<Tools> {
  const [entry, wasmMerge] = findPackage();
  const { default: binaryen } = (await import(pathToFileURL(entry).href)) as { default: Binaryen };
  return {
    binaryen,
    merge: (modules, output, keepNames) => {
      const names = keepNames ? ["-g"] : [];
      const args = [wasmMerge, "-all", ...names, ...modules.flat(), "-o", output];
      const { status, stderr, error } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (error) throw error;
      if (status !== 0) throw new LinkError(`cannot be merged: ${lastLine(stderr)}`);
    },
  };
}

/** The package's entry and its wasm-merge. */
function findPackage(): [entry: string, wasmMerge: string] {
  for (const origin of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const require = createRequire(origin);
      const manifest = require.resolve("binaryen/package.json");
      const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin?: Record<string, string> };
      const script = bin?.["wasm-merge"];
      if (script !== undefined) return [require.resolve("binaryen"), join(manifest, "..", script)];
    } catch {
      continue;
    }
  }
  throw new LinkError("needs wasm-merge: install it with `npm install --save-dev binaryen`");
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
