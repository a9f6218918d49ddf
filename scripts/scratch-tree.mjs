// A copy of the repository in a temporary folder, for commands that compile a core of their own and run tests on it.

import asc from "assemblyscript/asc";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { BuildError, root } from "./steps.mjs";

/** Not copied: what is large and not needed, and node_modules, which is a link. */
const LEFT_OUT = new Set([".git", "node_modules", "build", "coverage", "dist"]);

/** The files that hold a core, by its build. @type {Readonly<Record<string, string>>} */
const EMBEDDED = { release: "core", debug: "debug-core", hardened: "hardened-core" };

/**
 * The repository as it is now, built. `remove` deletes it.
 * @param {string} name
 */
export function scratchTree(name) {
  const folder = mkdtempSync(join(tmpdir(), `tallyheap-${name}-`));
  cpSync(root, folder, {
    recursive: true,
    filter: (from) => !LEFT_OUT.has(relative(root, from).replaceAll("\\", "/")),
  });
  for (const part of [
    "dist",
    ...["release", "debug", "hardened", "bytes"].map((core) => `build/${core}.wasm`),
  ])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Compiles a core of the tree and puts it where its tests find it. Less optimised than the published one, and in this process, whose
 * compiler is warm: it takes a tenth of the time.
 * @param {string} folder
 * @param {string} core
 * @param {{ optimizeLevel?: number }} [how]
 */
export async function compileCore(folder, core, { optimizeLevel = 1 } = {}) {
  const { options, targets } = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8"));
  const { outFile, use } = targets[core];
  const quick = { ...options, optimizeLevel, shrinkLevel: 0, converge: false };
  const config = { options: quick, targets: { [core]: { outFile, use } } };
  writeFileSync(join(folder, "asconfig.quick.json"), JSON.stringify(config));
  const where = ["--baseDir", folder, "--config", "asconfig.quick.json", "--target", core];
  const { error, stderr } = await asc.main(["assembly/abi/core.ts", ...where]);
  if (error !== null) throw new BuildError(`the ${core} core does not compile:\n${stderr.toString()}`);
  useCore(folder, core, readFileSync(join(folder, outFile)));
}

/** Puts a core where the tests of the tree find it. @param {string} folder @param {string} core @param {Uint8Array} wasm */
export function useCore(folder, core, wasm) {
  writeFileSync(join(folder, `build/${core}.wasm`), wasm);
  const text = `export const wasm = { hex: "${Buffer.from(wasm).toString("hex")}" };\n`;
  writeFileSync(join(folder, `bindings/generated/${EMBEDDED[core]}.ts`), text);
  // Some tests take the package as others do.
  writeFileSync(join(folder, `dist/generated/${EMBEDDED[core]}.js`), text);
}
