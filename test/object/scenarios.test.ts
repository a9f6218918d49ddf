import { describe, expect, test } from "vitest";
import { filesEndingWith, read } from "../project/repository.js";

/** Scenarios of docs/objects.md by the letter of their number, and how many there are. */
const SCENARIOS = { F: 16, W: 49 };

const section = read("docs/objects.md").split("\n## Scenarios\n")[1]!;
const titles = filesEndingWith(".test.ts", "test/object")
  .flatMap((file) => [...read(file).matchAll(/(?:test|\]\))\(\s*"((?:[FW]\d+(?:, )?)+):/g)])
  .flatMap(([, numbers]) => numbers!.split(", "));

/** Numbers in the first column of the tables, and in the sentences that begin with "Left out: ". */
const rows = [...section.matchAll(/^\| ((?:[FWG]\d+(?:, )?)+) +\|(.*)$/gm)].map(([, numbers, rest]) => ({
  numbers: numbers!.split(", "),
  // Tables of what is left out have two columns.
  leftOut: rest!.split("|").length === 2,
}));
const sentences = [...section.matchAll(/^Left out: (.*)$/gm)].flatMap(
  ([, text]) => text!.match(/[FW]\d+/g) ?? [],
);
const leftOut = [...rows.filter((row) => row.leftOut).flatMap(({ numbers }) => numbers), ...sentences];
const listed = rows.filter((row) => !row.leftOut).flatMap(({ numbers }) => numbers);

describe.each(Object.entries(SCENARIOS))("scenarios %s1 to %s%i", (letter, count) => {
  const all = Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
  const own = (numbers: readonly string[]): string[] =>
    all
      .filter((number) => numbers.includes(number))
      .concat(numbers.filter((n) => n.startsWith(letter) && !all.includes(n)));

  test("each is tested by its number, or left out for a reason", () => {
    expect(own([...titles, ...leftOut])).toEqual(all);
    expect(titles.filter((number) => leftOut.includes(number))).toEqual([]);
  });

  test("those that are tested are described", () => {
    expect(own(listed)).toEqual(own(titles));
  });
});
