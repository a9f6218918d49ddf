import { expect, test } from "vitest";
import { filesEndingWith, read } from "./repository.js";

/** The rules of docs/behaviour.md, each as "§section name". */
function rules(): string[] {
  let section = "";
  const found: string[] = [];
  for (const line of read("docs/behaviour.md").split("\n")) {
    section = /^### ([\d.]+) /.exec(line)?.[1] ?? section;
    const rule = /^\| ([^|-][^|]*?) +\|/.exec(line)?.[1];
    if (rule !== undefined && rule !== "rule") found.push(`§${section} ${rule}`);
  }
  return found;
}

test("every rule of docs/behaviour.md has a test with its name, and every test that names one a rule", () => {
  const known = new Set(rules());
  const named = new Set<string>();
  for (const file of filesEndingWith(".test.ts")) {
    for (const [, section, names] of read(file).matchAll(/"§([\d.]+) ([^":]+)[":]/g)) {
      for (const name of names!.split(", ")) named.add(`§${section} ${name}`);
    }
  }
  expect([...named].sort()).toEqual([...known].sort());
});
