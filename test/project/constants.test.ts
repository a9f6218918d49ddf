import { describe, expect, test } from "vitest";
import { formatConstants, readConstants } from "../../scripts/layout.mjs";
import * as layout from "../../bindings/generated/layout.js";
import { filesEndingWith, read } from "./repository.js";

const bindings = filesEndingWith(".ts", "bindings").filter((file) => !file.startsWith("bindings/generated/"));

describe("constants have one source, assembly/layout.ts", () => {
  test("what the bindings import is what the compiler says", async () => {
    const constants = await readConstants("assembly/layout.ts");
    expect(constants.length).toBeGreaterThan(50);
    expect(read("bindings/generated/layout.ts")).toBe(formatConstants(constants));
    expect(Object.fromEntries(constants)).toEqual({ ...layout });
  });

  test.each(bindings)("%s declares none of them anew", (file) => {
    const declared = [...read(file).matchAll(/\bconst (\w+)\b/g)].map(([, name]) => name!);
    expect(declared.filter((name) => name in layout)).toEqual([]);
  });

  test.each(bindings)("%s spells out none of the telling values", (file) => {
    const telling = new Set<number>(Object.values(layout).filter((value) => value >= 4096));
    const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const literals = [...code.matchAll(/(?<![\w.])(0x[\da-f_]+|\d[\d_]*)(?![\w.])/gi)];
    expect(
      literals.map(([text]) => text).filter((text) => telling.has(Number(text.replaceAll("_", "")))),
    ).toEqual([]);
  });
});
