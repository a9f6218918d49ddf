import { describe, expect, test } from "vitest";
import { formatConstants, readConstants } from "../../scripts/layout.mjs";
import * as layout from "../../bindings/generated/layout.js";
import { filesEndingWith, read } from "./repository.js";

const bindings = filesEndingWith(".ts", "bindings").filter((file) => !file.startsWith("bindings/generated/"));

describe("constants have one source, assembly/layout/index.ts", () => {
  test("what the bindings import is what the compiler says", async () => {
    const constants = await readConstants();
    expect(constants.length).toBeGreaterThan(50);
    expect(read("bindings/generated/layout.ts")).toBe(formatConstants(constants));
    expect(Object.fromEntries(constants)).toEqual({ ...layout });
  });

  test("no file of the bindings declares one anew", () => {
    const declared = bindings.flatMap((file) =>
      [...read(file).matchAll(/\bconst (\w+)\b/g)].map(([, name]) => ({ file, name: name! })),
    );
    expect(declared.filter(({ name }) => name in layout)).toEqual([]);
  });

  test("no file of the bindings spells out an offset or a size of the layout", () => {
    // Powers of two have many meanings; of them only the geometry counts.
    const geometry = [layout.PAGE_BYTES, layout.ARENA_BYTES, layout.MAP_ENTRIES];
    // Caps are numbers of objects, no offsets.
    const offsets = Object.entries<number>(layout)
      .filter(([name, value]) => !name.endsWith("_CAP") && value > 1024 && (value & (value - 1)) !== 0)
      .map(([, value]) => value);
    const telling = new Set<number>([...geometry, ...offsets]);
    const literals = bindings.flatMap((file) => {
      const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      const found = [...code.matchAll(/(?<![\w.])(0x[\da-f_]+|\d[\d_]*)(?![\w.])/gi)];
      return found.map(([text]) => ({ file, text }));
    });
    expect(literals.length).toBeGreaterThan(50);
    expect(literals.filter(({ text }) => telling.has(Number(text.replaceAll("_", ""))))).toEqual([]);
  });
});
