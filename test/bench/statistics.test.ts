import { expect, test } from "vitest";

import { bar, compare, fastest, inNumbers, inWords, meanAgainst, wrap } from "../../bench/start/screen.js";
import { ratioTo, type Row } from "../../bench/lib/results.js";
import { geometricMean, median, medianInterval } from "../../bench/lib/statistics.js";
import { randomFrom, shuffled } from "../../bench/lib/random.js";

const nine = [9, 1, 8, 2, 7, 3, 6, 4, 5];

test("median and its interval", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  // Binomial: nine samples, second smallest to second largest, 96.1 %.
  expect(medianInterval(nine)).toEqual({ median: 5, low: 2, high: 8 });
  expect(medianInterval([2, 1, 3])).toEqual({ median: 2, low: 1, high: 3 });
  // Twenty samples: the sixth smallest to the sixth largest, 95.9 %.
  const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
  expect(medianInterval(twenty)).toEqual({ median: 10.5, low: 6, high: 15 });
});

test("the geometric mean", () => {
  expect(geometricMean([1, 4])).toBeCloseTo(2);
});

test("a seed gives one order", () => {
  expect(shuffled(nine, randomFrom(7))).toEqual(shuffled(nine, randomFrom(7)));
  expect([...shuffled(nine, randomFrom(8))].sort()).toEqual([...nine].sort());
});

const row = (workload: string, contender: string, samples: number[]): Row => ({
  ...{ workload, contender, samples, unit: "ns/op", median: median(samples), version: "1" },
});

test("ratios are taken round by round", () => {
  expect(ratioTo("b", [1, 4, 9], [1, 2, 3])).toEqual({
    to: "b",
    samples: [1, 2, 3],
    median: 2,
    low: 1,
    high: 3,
  });
});

test("sentences say who wins where, and where noise exceeds the difference", () => {
  const rows = [
    row("x", "a", [1, 1.1, 1]),
    row("x", "b", [2, 2, 2]),
    row("y", "a", [3, 3.1, 3]),
    row("y", "b", [1, 1, 1]),
    row("z", "a", [1, 1.05, 1]),
    row("z", "b", [1.1, 1.1, 1.01]),
  ];
  const verdict = compare(rows, "a", "b");
  expect(verdict).toEqual({ faster: ["x"], slower: ["y"], unclear: ["z"] });
  expect(inWords(verdict)).toBe("faster on x; slower on y; within noise elsewhere");
  expect(inNumbers(verdict)).toBe("1, 1, 1");
  expect(inWords(compare(rows.slice(0, 2), "a", "b"))).toBe("faster on all");
  expect(inNumbers(compare(rows.slice(0, 2), "a", "b"))).toBe("1, 0, 0");
  expect(meanAgainst(rows.slice(0, 4), "a", "b")).toBeCloseTo(Math.sqrt(0.5 * 3));
  expect(fastest(rows, ["a", "b", "missing"], "b")).toBe("b");
  expect(fastest(rows, ["missing"], "b")).toBeUndefined();
});

test("bars and lines keep their width", () => {
  expect(bar(1, 1.5, 6)).toBe("████  ");
  expect(bar(0.001, 1.5, 6)).toBe("▏     ");
  expect(bar(9, 1.5, 6)).toBe("██████");
  expect(wrap("aa bb cc dd", 5)).toEqual(["aa bb", "cc dd"]);
});
