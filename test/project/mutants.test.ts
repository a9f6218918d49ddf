import { describe, expect, test } from "vitest";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { mutants } from "../mutants/index.mjs";
import { read, root } from "./repository.js";

/** Folders of the core that `npm run test:mutants` has faults for. */
const FOLDERS = [
  ...["alloc", "debug", "gc", "gc/garbage", "gc/heap", "gc/pass", "gc/step", "layout"],
  ...["object", "object/core", "object/death", "object/values", "rt"],
];

describe("the faults of npm run test:mutants", () => {
  test("there are some in every folder of the core, each under a name of its own", () => {
    const folders = new Set(mutants.map(({ file }) => file.slice(0, file.lastIndexOf("/"))));
    expect([...folders].sort()).toEqual([...FOLDERS].sort());
    expect(new Set(mutants.map(({ file, name }) => `${file}: ${name}`)).size).toBe(mutants.length);
  });

  test("what each replaces stands in the source exactly once", () => {
    const found = mutants.map(({ file, name, before }) => ({
      mutant: `${file}: ${name}`,
      times: read(`assembly/${file}`).split(before).length - 1,
    }));
    expect(found.filter(({ times }) => times !== 1)).toEqual([]);
    expect(mutants.filter(({ before, after }) => before === after)).toEqual([]);
  });

  test("the tests that are expected to find them exist", () => {
    const paths = new Set(mutants.flatMap(({ tests }) => tests));
    expect([...paths].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
