import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { summarize } from "../../scripts/wasm.mjs";
import { BYTE_FUNCTIONS, OBJECT_FUNCTIONS } from "../../bindings/generated/exports.js";
import { read, root } from "./repository.js";

const listed = JSON.parse(read("assembly/abi/interface.json")) as Record<
  string,
  { readonly imports: string[]; readonly exports: string[] }
>;

const HOST = ["env.grown", "env.memory"];
const HOOKS = ["env.callback", "env.collection", "env.finalize", "env.roots", "env.traverse"];
const CORE_FUNCTIONS = [...BYTE_FUNCTIONS, ...OBJECT_FUNCTIONS];

describe.each([
  ["release", [...HOOKS, ...HOST].sort(), CORE_FUNCTIONS],
  ["debug", [...HOOKS, ...HOST].sort(), CORE_FUNCTIONS],
  ["bytes", HOST, BYTE_FUNCTIONS],
])("%s.wasm", (core, needed, functions) => {
  const { imports, exports, mutableGlobals, activeData } = summarize(
    readFileSync(join(root, `build/${core}.wasm`)),
  );

  test("imports and exports exactly what assembly/abi/interface.json lists", () => {
    expect({ imports, exports }).toEqual(listed[core]);
  });

  test("needs a memory, the growth signal and the hooks of the object layer if it has one, and nothing else", () => {
    expect(imports.map((line) => line.split(":")[0]).sort()).toEqual(needed);
  });

  test("exports every function that the bindings call", () => {
    const names = new Set(exports.map((line) => line.slice(0, line.indexOf(":"))));
    expect(functions.filter((name) => !names.has(name))).toEqual([]);
  });

  test("keeps no state outside of linear memory and writes none when instantiated", () => {
    expect(mutableGlobals).toEqual([]);
    expect(activeData).toEqual([]);
  });
});

test("the section reader tells mutable globals and data segments", () => {
  // (module (memory 1) (global (mut i32) (i32.const -5)) (data (i32.const 300) "ab"))
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[5, 3, 1, 0, 1],
    ...[6, 6, 1, 0x7f, 1, 0x41, 0x7b, 0x0b],
    ...[11, 9, 1, 0, 0x41, 0xac, 0x02, 0x0b, 2, 0x61, 0x62],
  ];
  const { mutableGlobals, activeData } = summarize(Uint8Array.from(bytes));
  expect(mutableGlobals).toEqual(["i32 0"]);
  expect(activeData).toEqual([{ offset: 300, length: 2 }]);
});
