import { describe, expect, test } from "vitest";
import { heapModule as debugModule } from "../../../bindings/debug.js";
import { heapModule } from "../../../bindings/index.js";
import { BYTE_FUNCTIONS, OBJECT_FUNCTIONS } from "../../../bindings/generated/exports.js";
import { coreOf } from "../../../bindings/heap/heap.js";
import { builds, debug, errorOf, release } from "../../support/cores.js";

describe.each([
  { name: "release", module: heapModule() },
  { name: "debug", module: debugModule() },
])("the $name module", ({ module }) => {
  test("exports what the interface says, and nothing else", () => {
    const exported = WebAssembly.Module.exports(module);
    const functions = exported.filter(({ kind }) => kind === "function").map(({ name }) => name);
    expect(functions.sort()).toEqual([...BYTE_FUNCTIONS, ...OBJECT_FUNCTIONS].sort());
    expect(exported.filter(({ kind }) => kind !== "function")).toEqual([
      { name: "stateBase", kind: "global" },
      { name: "layoutVersion", kind: "global" },
    ]);
  });

  test("imports the memory, the growth signal and the hooks of the object layer", () => {
    const imports = WebAssembly.Module.imports(module).map(
      ({ module, name, kind }) => `${kind} ${module}.${name}`,
    );
    expect(imports.sort()).toEqual([
      "function env.callback",
      "function env.collection",
      "function env.finalize",
      "function env.grown",
      "function env.roots",
      "function env.traverse",
      "memory env.memory",
    ]);
  });
});

test.each(builds)("check() of the $name core knows a live block", ({ create }) => {
  const heap = create();
  const { exports } = coreOf(heap);
  const block = heap.malloc(100);
  expect(exports.check(block)).toBe(0);
  expect(exports.check(block + 8)).not.toBe(0);
  heap.free(block);
  expect(exports.check(block)).not.toBe(0);
});

test("a core of the other kind is refused", () => {
  for (const create of [
    () => debug.create({ module: heapModule() }),
    () => release.create({ module: debugModule() }),
  ]) {
    expect(errorOf(create)).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "module" });
  }
  debug.create({ module: debugModule() }).verify();
});
