// Reads the exported constants of assembly/layout/index.ts, which gathers those of assembly/layout, and writes them out for the
// bindings, so that addresses, offsets and codes have one source.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asc, root } from "./steps.mjs";

const DECLARATION = /^(?:@\w+ )*export const (\w+): (\w+) =/gm;
const REEXPORT = /^export \* from "\.\/([\w-]+)";/gm;
const SIGNED = new Set(["i8", "i16", "i32", "isize"]);
const UNSIGNED = new Set(["u8", "u16", "u32", "usize"]);

/**
 * The constants as [name, value]. Values come from the compiler, not from the text: a small entry file
 * exports every constant as a wasm global. (The files themselves cannot be the entry: asc 0.28 crashes on
 * `@inline export const` there.) 64-bit, floating-point and boolean constants stay on the wasm side.
 * @returns {Promise<[string, number][]>}
 */
export async function readConstants() {
  const gathered = readFileSync(join(root, "assembly/layout/index.ts"), "utf8");
  const texts = [...gathered.matchAll(REEXPORT)].map(([, file]) =>
    readFileSync(join(root, `assembly/layout/${file}.ts`), "utf8"),
  );
  const declared = [...texts.join("\n").matchAll(DECLARATION)]
    .map(([, name, type]) => /** @type {[string, string]} */ ([name, type]))
    .filter(([, type]) => SIGNED.has(type) || UNSIGNED.has(type));
  const entry = [
    `import * as layout from "../assembly/layout";`,
    ...declared.map(([name]) => `export const ${name}: i32 = <i32>layout.${name};`),
    "",
  ].join("\n");
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(join(root, "build/layout-entry.ts"), entry);
  await asc([
    "build/layout-entry.ts",
    ...["--config", "none", "--runtime", "assembly/runtime", "--stackSize", "4", "--memoryBase", "4096"],
    ...["-O1", "--importMemory", "--zeroFilledMemory", "--use", "abort=", "--use", "TALLYHEAP_STANDALONE=1"],
    ...["--outFile", "build/layout.wasm"],
  ]);
  const module = new WebAssembly.Module(readFileSync(join(root, "build/layout.wasm")));
  const memory = new WebAssembly.Memory({ initial: 16 });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return declared.map(([name, type]) => {
    const value = /** @type {WebAssembly.Global} */ (exports[name]).value;
    return [name, UNSIGNED.has(type) ? value >>> 0 : value];
  });
}

/** @param {[string, number][]} constants */
export function formatConstants(constants) {
  return [
    "// Generated from assembly/layout/index.ts by scripts/layout.mjs. Do not edit.",
    "",
    ...constants.map(([name, value]) => `export const ${name} = ${value};`),
    "",
  ].join("\n");
}
