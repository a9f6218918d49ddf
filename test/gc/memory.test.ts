import { expect, test } from "vitest";
import * as layout from "../../bindings/generated/layout.js";
import { read } from "../project/repository.js";

test("the collector's own memory is what docs/objects.md says", () => {
  const text = read("docs/objects.md");
  const said = (line: string): number => {
    const total = new RegExp(`^${line}.*= +([\\d,]+) bytes`, "m").exec(text)?.[1];
    return Number(total?.replaceAll(",", ""));
  };
  const words = layout.STATE_MARK_STACK - layout.STATE_COLLECTOR;
  const stack = layout.MARK_STACK_ENTRIES * 4;
  const arenas = layout.ARENA_BIT_BYTES * 4;
  expect(said("mark stack")).toBe(stack);
  expect(said("arenas to look at")).toBe(arenas);
  const containers = layout.CONTAINER_PAGES;
  expect(said("pages of containers")).toBe(containers);
  expect(said("pages to look at")).toBe((layout.ARENA_PAGES / 8) * 4);
  expect(said("thresholds, counts …")).toBe(words);
  expect(text).toContain(`So ${(stack + arenas + containers + words).toLocaleString("en-US")} bytes a heap`);
  expect(layout.ARENA_BYTES / ((layout.ARENA_PAGES / 8) * 4)).toBe(8192);
});
