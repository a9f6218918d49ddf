import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesEndingWith, read, root } from "./repository.js";

const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

describe("commands that a document names exist", () => {
  test.each(filesEndingWith(".md"))("%s", (file) => {
    const text = read(file);
    const ours = [...text.matchAll(/npm run (?:-s )?([\w:-]+)|`(bench:\w+)/g)].map(
      ([, run, bench]) => run ?? bench!,
    );
    expect(ours.filter((name) => scripts[name] === undefined)).toEqual([]);
    const files = [...text.matchAll(/node ((?:scripts|build|bench)\/[\w/.-]+\.m?js)/g)].map(
      ([, path]) => path!,
    );
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
