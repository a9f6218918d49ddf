import { describe, expect, test } from "vitest";
import { filesEndingWith, read } from "./repository.js";

/** Scenarios of docs/objects.md by the letter of their number: how many there are, and where their tests are. */
const SCENARIOS = {
  F: { count: 16, folders: ["test/object", "test/bindings"] },
  W: { count: 49, folders: ["test/object", "test/bindings"] },
  G: { count: 48, folders: ["test/gc"] },
};

const section = read("docs/objects.md").split("\n## Scenarios\n")[1]!;

/** Numbers in the first column of the tables, and in the sentences that begin with "Left out: ". */
const rows = [...section.matchAll(/^\| ((?:[FWG]\d+(?:, )?)+) +\|(.*)$/gm)].map(([, numbers, rest]) => ({
  numbers: numbers!.split(", "),
  // Tables of what is left out have two columns.
  leftOut: rest!.split("|").length === 2,
}));
const sentences = [...section.matchAll(/^Left out: (.*)$/gm)].flatMap(
  ([, text]) => text!.match(/[FWG]\d+/g) ?? [],
);
const leftOut = [...rows.filter((row) => row.leftOut).flatMap(({ numbers }) => numbers), ...sentences];
const listed = rows.filter((row) => !row.leftOut).flatMap(({ numbers }) => numbers);

/** The numbers in the titles of the tests in some folders. */
function titlesIn(folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => filesEndingWith(".test.ts", folder))
    .flatMap((file) => [...read(file).matchAll(/(?:test|\]\))\(\s*"((?:[FWG]\d+(?:, )?)+):/g)])
    .flatMap(([, numbers]) => numbers!.split(", "));
}

describe.each(Object.entries(SCENARIOS))("scenarios %s1 and on", (letter, { count, folders }) => {
  const all = Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
  const titles = titlesIn(folders);
  /** Those of this letter, in order; then those that there should not be. */
  const own = (numbers: readonly string[]): string[] =>
    all
      .filter((number) => numbers.includes(number))
      .concat(numbers.filter((n) => n.startsWith(letter) && !all.includes(n)));

  test("each is tested by its number, or left out for a reason", () => {
    expect(own([...titles, ...leftOut])).toEqual(all);
    expect(titles.filter((number) => leftOut.includes(number))).toEqual([]);
  });

  // The collector's are described by the titles of their tests.
  if (letter === "G") return;
  test("those that are tested are described", () => {
    expect(own(listed)).toEqual(own(titles));
  });
});
