/**
 * Counts and times `memory.grow`, which nothing outside of a wasm module sees: each of its places becomes a call of one
 * function, which makes the same instruction between two calls of the host.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";

import binaryen from "assemblyscript/binaryen";

const PROBE = `
  (import "probe" "begin" (func $probe.begin))
  (import "probe" "end" (func $probe.end))`;
const GROW = `
  (func $probe.grow (param $pages i32) (result i32)
    (local $before i32)
    (call $probe.begin)
    (local.set $before (memory.grow (local.get $pages)))
    (call $probe.end)
    (local.get $before))
)`;

/** Writes the module with the probe beside it; the new file's name. */
export function insertProbe(file: string): string {
  const probed = file.replace(/\.wasm$/, ".probed.wasm");
  const module = binaryen.readBinary(readFileSync(file));
  const text = module.emitText().replace(/\(memory\.grow\b/g, "(call $probe.grow");
  module.dispose();
  const result = binaryen.parseText(text.replace(/^\(module\b/, `(module${PROBE}`).replace(/\)\s*$/, GROW));
  result.setFeatures(binaryen.Features.All);
  if (!result.validate()) throw new Error(`${file}: does not take the probe of memory.grow`);
  // Renamed into place: another process may be about to read it.
  writeFileSync(`${probed}.${process.pid}`, result.emitBinary());
  renameSync(`${probed}.${process.pid}`, probed);
  result.dispose();
  return probed;
}
