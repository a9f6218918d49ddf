import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { filesEndingWith, quotedFrom, read, root, run, snippets } from "./repository.js";

/**
 * What a snippet says it prints: the comment behind each `console.log(…);`. A snippet without such comments only has
 * to run.
 */
function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text]) => text!);
}

const examples = filesEndingWith(".md").flatMap((file) =>
  snippets(read(file))
    .filter((snippet) => snippet.language === "ts" && quotedFrom(snippet) === undefined)
    .map((snippet) => ({ ...snippet, name: `${file}:${snippet.line}` })),
);

describe("snippets run as printed", () => {
  test.each(examples)("$name", async ({ name, code }) => {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const script = ts.transpileModule(code, { compilerOptions: options }).outputText;
    // Inside the repository, so that "tallyheap" is this package.
    const folder = join(root, "build/snippets");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name.replace(/\W/g, "-")}.mjs`);
    writeFileSync(path, script);
    const { code: exit, stdout, stderr } = await run(process.execPath, [path]);
    expect(stderr).toBe("");
    expect(exit).toBe(0);
    const expected = promised(code);
    if (expected.length > 0) expect(stdout.trimEnd().split("\n")).toEqual(expected);
  });

  test("the README has some", () => {
    expect(examples.filter(({ name }) => name.startsWith("README.md")).length).toBeGreaterThan(0);
  });
});

describe("snippets that name a file are quoted from it", () => {
  // Indentation aside: a quotation begins at the left margin.
  const lines = (text: string): string =>
    text
      .split("\n")
      .map((line) => line.trim())
      .join("\n");
  const quotations = filesEndingWith(".md").flatMap((file) =>
    snippets(read(file)).flatMap((snippet) => {
      const source = quotedFrom(snippet);
      return source === undefined ? [] : [{ ...snippet, source, name: `${file}:${snippet.line}` }];
    }),
  );

  test.each(quotations)("$name", ({ code, source }) => {
    expect(lines(read(source))).toContain(lines(code.slice(code.indexOf("\n") + 1)));
  });

  test("the guide to embedding quotes its example", () => {
    expect(quotations.filter(({ name }) => name.startsWith("docs/embedding.md")).length).toBeGreaterThan(5);
  });
});

test("docs/options.md lists the options that exist", () => {
  const table = read("docs/options.md").split("## Options")[1]!.split("##")[0]!;
  const listed = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
  const interfaceText = read("bindings/core/options.ts")
    .split("export interface HeapOptions")[1]!
    .split("\n}")[0]!;
  const declared = [...interfaceText.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name!);
  expect(listed.sort()).toEqual(declared.sort());
});
