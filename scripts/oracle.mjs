// npm run test:oracle -- --seed N --count M
// Records M scenarios of seed N with the CPython 3.11 of this machine and replays them on the heap.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import ts from "typescript";
import { createHeap } from "tallyheap";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { root } from "./steps.mjs";

/** Order of weak references and generations differ in other versions. */
const VERSION = "3.11";
const MOST_OUTPUT = 2 ** 30;

const { values } = parseArgs({ options: { seed: { type: "string" }, count: { type: "string" } } });
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});
const seed = whole("seed", values.seed, 1 + Math.floor(Math.random() * 1_000_000));
const count = whole("count", values.count, 200);
const python = process.env.PYTHON ?? "python3";

const version = pythonVersion();
if (version === undefined || !version.startsWith(`${VERSION}.`)) {
  const found = version === undefined ? "is not there" : `is ${version}`;
  console.log(`left out: this needs CPython ${VERSION}, ${python} ${found} (set PYTHON to another one)`);
} else {
  await compare();
}

async function compare() {
  const { replay } = await import(adapter());
  const recorder = join(root, "test/oracle/make_oracle.py");
  const text = execFileSync(python, [recorder, String(seed), String(count)], { maxBuffer: MOST_OUTPUT });
  let steps = 0;
  let failed = 0;
  for (const line of text.toString().trimEnd().split("\n")) {
    const heap = createHeap(/** @type {object} */ ({ autoCollect: false }));
    const start = checkpoint(heap);
    const result = replay(heap, JSON.parse(line));
    steps += result.steps;
    if (result.difference !== undefined) {
      failed++;
      console.log(result.difference);
    }
    heap.verify();
    assertNoLeaks(start);
    heap.dispose();
  }
  console.log(
    `seed ${seed}: ${count} scenarios, ${steps} steps, ${failed} that differ from CPython ${version}`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

/** The adapter of the tests, as JavaScript. It imports types only. */
function adapter() {
  const folder = join(root, "build/oracle");
  mkdirSync(folder, { recursive: true });
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const source = readFileSync(join(root, "test/oracle/adapter.ts"), "utf8");
  const file = join(folder, "adapter.mjs");
  writeFileSync(file, ts.transpileModule(source, { compilerOptions }).outputText);
  return file;
}

function pythonVersion() {
  try {
    return execFileSync(python, ["-c", "import platform; print(platform.python_version())"], {
      encoding: "utf8",
    }).trim();
  } catch {
    return undefined;
  }
}

/** @param {string} name @param {string | undefined} value @param {number} fallback */
function whole(name, value, fallback) {
  const number = value === undefined ? fallback : Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name} ${value}: must be a whole number above 0`);
  return number;
}
