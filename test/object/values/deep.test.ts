import { describe, expect, test } from "vitest";
import { inspect } from "node:util";
import type { JSValue, Ptr } from "../../../bindings/index.js";
import { builds } from "../../support/cores.js";
import { manualHeap } from "../../support/objects.js";
import { many } from "../../support/stress.js";

/** The debug core guards no objects, but the bindings prove each pointer twice. */
const DEPTHS = { release: many(1_000_000), hardened: many(1_000_000), debug: many(100_000) };

/** How deep arrays and maps are nested, the only or last item of each in the next. */
function depthOf(value: JSValue): number {
  let depth = 0;
  for (let inner: JSValue | undefined = value; ; depth++) {
    if (Array.isArray(inner)) inner = inner.at(-1);
    else if (inner instanceof Map) inner = [...inner.values()].at(-1);
    else return depth;
  }
}

describe.each(builds)("many levels deep, $name core", (build) => {
  const DEPTH = DEPTHS[build.name];

  const wraps: Record<string, (i: number) => (inner: JSValue) => JSValue> = {
    lists: () => (inner) => [inner],
    dicts: () => (inner) => new Map([["key", inner]]),
    "lists, dicts and keys": (i) => (inner) => (i % 3 === 0 ? new Map([[i, inner]]) : [i, inner]),
  };
  test.each(Object.entries(wraps))("%s go in and come out", (_, wrap) => {
    const heap = manualHeap(build);
    let value: JSValue = 1;
    for (let i = 0; i < DEPTH; i++) value = wrap(i)(value);
    const p = heap.fromJS(value);
    heap.verify();
    expect(depthOf(heap.toJS(p))).toBe(DEPTH);
    const handle = heap.own(p);
    expect(inspect(handle)).toContain("Handle");
    expect(inspect(heap)).toContain("Heap");
    expect(heap.gc()).toBe(0);
    handle.dispose();
  });

  test("tuples come out, verify and die", () => {
    const heap = manualHeap(build);
    let p: Ptr = heap.tuple([heap.true]);
    for (let i = 1; i < DEPTH; i++) {
      const outer = heap.tuple([p]);
      heap.decref(p);
      p = outer;
    }
    heap.verify();
    expect(depthOf(heap.toJS(p))).toBe(DEPTH);
    heap.decref(p);
  });

  test("keys of dicts that are dicts", () => {
    const heap = manualHeap(build);
    let p: Ptr = heap.dict();
    const depth = Math.ceil(DEPTH / 10);
    for (let i = 1; i < depth; i++) {
      const outer = heap.dict([[p, p]]);
      heap.decref(p);
      p = outer;
    }
    heap.verify();
    let value = heap.toJS(p);
    let levels = 0;
    while (value instanceof Map && value.size > 0) {
      const [key, inner] = [...value][0]!;
      expect(key === inner).toBe(true);
      value = inner;
      levels++;
    }
    expect(levels).toBe(depth - 1);
    heap.decref(p);
  });

  test("a cycle among refused values leaves nothing", () => {
    const heap = manualHeap(build);
    let value: unknown = () => {};
    for (let i = 0; i < DEPTH; i++) value = [value];
    expect(() => heap.fromJS(value)).toThrow("no counterpart");
  });
});
