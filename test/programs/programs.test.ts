/** Random programs over the whole interface: bytes, objects, collections, handles and the heap itself, all at once. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { builds } from "../support/cores.js";
import { run, type Program } from "./program.js";

/** `npm run test:long`: as many programs on each core. */
const LONG = process.env["MODE"] === "long" ? 1500 : 0;
const PROGRAMS = LONG || 30;
const SEED = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);

/** Failures that one run shows. */
const SHOWN = 5;

interface Recorded extends Program {
  readonly name: string;
}
const corpus = JSON.parse(readFileSync(new URL("corpus.json", import.meta.url), "utf8")) as Recorded[];

describe.each(builds)("programs over the whole interface, $name core", (build) => {
  test.each(corpus)("recorded: $name", (program) => {
    run(build, program);
  });

  test(`${PROGRAMS} random ones`, { timeout: 3_600_000 }, () => {
    const failures: unknown[] = [];
    for (let i = 0; i < PROGRAMS && failures.length < SHOWN; i++) {
      try {
        run(build, { seed: SEED + i });
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    expect(failures).toEqual([]);
  });
});
