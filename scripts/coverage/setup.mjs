// Loaded before each test file by scripts/coverage.mjs: notes what instrumented cores report.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";

/** For each place: 1 entered or decided for, 2 decided against. */
const seen = new Uint8Array(Number(process.env["TALLYHEAP_PLACES"]));
const note = (/** @type {number} */ place, /** @type {number} */ bit) => {
  seen[place] = (seen[place] ?? 0) | bit;
};
const coverage = {
  entered: (/** @type {number} */ place) => note(place, 1),
  decided: (/** @type {number} */ place, /** @type {number} */ condition) => {
    note(place, condition === 0 ? 2 : 1);
    return condition;
  },
};

const Plain = WebAssembly.Instance;
WebAssembly.Instance = new Proxy(Plain, {
  construct: (Target, [module, imports]) => new Target(module, { ...imports, coverage }),
});

afterAll(() => {
  const name = `${process.pid}-${Date.now()}-${Math.random()}`;
  writeFileSync(join(process.env["TALLYHEAP_COVERAGE"] ?? ".", name), seen);
});
