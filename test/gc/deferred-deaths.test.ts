/** Deaths inside a collection that wait for its end, as finalizers are nested too deep. */
import { describe, expect, test } from "vitest";
import { NESTING_LIMIT } from "../../bindings/generated/layout.js";
import type { Ptr } from "../../bindings/index.js";
import { builds } from "../support/cores.js";
import { NULL, manualHeap, release } from "../support/objects.js";

describe.each(builds)("deaths that wait for the end of a collection, $name core", (build) => {
  // The colour of trash stayed with what came back to life: hidden for good, and white to the next collection.
  test.each([0, 1, 2] as const)("what comes back from one was never trash, %i collections later", (times) => {
    const heap = manualHeap(build);
    const actions = new Map<Ptr, () => void>();
    const Node = heap.defineType({
      name: "Node",
      fields: { a: "ref", b: "ref" },
      finalize: (self) => {
        const action = actions.get(self);
        actions.delete(self);
        action?.();
      },
    });
    const { a, b } = Node.fields;
    const nest = (depth: number, action: () => void): void => {
      const node = heap.alloc(Node);
      actions.set(node, () => (depth > 1 ? nest(depth - 1, action) : action()));
      heap.decref(node);
    };
    const nodes = Array.from({ length: 3 }, () => heap.alloc(Node)).sort((p, q) => p - q);
    const [root, first, second] = nodes as [Ptr, Ptr, Ptr];
    const child = heap.list();
    heap.setRef(root, b, child);
    heap.gc();
    heap.gc();
    heap.setRef(first, a, second);
    heap.setRef(second, a, first);
    heap.setRef(second, b, child);
    actions.set(first, () => nest(NESTING_LIMIT, () => heap.setRef(first, a, NULL)));
    const found: number[] = [];
    actions.set(second, () => {
      heap.setRef(root, a, second);
      for (let i = 0; i < times; i++) found.push(heap.gc());
    });
    release(heap, first, second);
    expect(heap.gc()).toBe(0);
    expect(actions.size).toBe(0);
    expect(found).toEqual(Array(times).fill(0));
    heap.verify();
    expect([root, first, second, child].map((p) => heap.refcount(p))).toEqual([1, 1, 1, 3]);
    expect(heap.collector.objects()).toHaveLength(4);
    expect(heap.gc()).toBe(0);
    heap.decref(child);
    heap.decref(root);
    expect(heap.gc()).toBe(0);
    expect(heap.collector.objects()).toEqual([]);
  });
});
