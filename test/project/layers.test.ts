import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root, run, type Outcome } from "./repository.js";

const cruiser = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
const config = ".dependency-cruiser.mjs";

let copy = "";
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "tallyheap-layers-"));
  for (const path of ["assembly", "bindings", config])
    cpSync(join(root, path), join(copy, path), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

/** What the check says of the copy. */
function check(): Promise<Outcome> {
  return run(process.execPath, [cruiser, "--config", config, "bindings", "assembly"], copy);
}

test("the check of imports finds nothing", async () => {
  expect(await check()).toMatchObject({ code: 0 });
});

test("the check of imports refuses circles and imports against the layers", async () => {
  const planted: readonly (readonly [rule: string, file: string, target: string])[] = [
    ["no import circles", "bindings/core/ptr.ts", "./errors.js"],
    ["no import circles", "assembly/alloc/classes.ts", "./pools"],
    ["layers of the bindings", "bindings/core/stack.ts", "../heap/raw.js"],
    ["layers of the bindings", "bindings/objects/stress.ts", "../collector/stats.js"],
    ["layers of the objects", "bindings/objects/types/kinds.ts", "../weak/watches.js"],
    ["layers of the core", "assembly/alloc/arenas.ts", "../object/core/header"],
    ["layers of the core", "assembly/layout/faults.ts", "../alloc/classes"],
    ["layers of the runtime", "assembly/alloc/copy.ts", "../rt/marks"],
    ["the core and the runtime share the bytes layer alone", "assembly/rt/raw.ts", "../gc/thresholds"],
    ["nothing imports the runtime", "assembly/gc/thresholds.ts", "../rt/marks"],
  ];
  for (const [, file, target] of planted) appendFileSync(join(copy, file), `import "${target}";\n`);
  const { code, stdout } = await check();
  expect(code).not.toBe(0);
  // An error names the rule, then the file and what it imports; a circle may begin at either.
  const errors = stdout.split(/^ *error /m);
  for (const [rule, file] of planted) {
    expect(errors.filter((error) => error.startsWith(`${rule}: `) && error.includes(file))).not.toEqual([]);
  }
});
