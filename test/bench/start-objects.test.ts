import { expect, test } from "vitest";

import { cycleLine, nameLine } from "../../bench/start/objects.js";
import { COLUMNS } from "../../bench/start/screen.js";

test("names of an object come and go, and it dies with the last one", () => {
  const line = nameLine();
  expect(line).toBe("x = Point(): count 1   y = x: count 2   del x: count 1   del y: dead at once");
  expect(line.length).toBeLessThanOrEqual(COLUMNS);
});

test("a cycle stays until it is collected", () => {
  const line = cycleLine();
  expect(line).toBe("a.other = b   b.other = a   del a, b: 2 alive   gc() = 2: 0 alive");
  expect(line.length).toBeLessThanOrEqual(COLUMNS);
});
