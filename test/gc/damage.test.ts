import { describe, expect, test } from "vitest";
import type { Ptr } from "../../bindings/index.js";
import { builds, errorOf } from "../support/cores.js";
import { setCount } from "../support/objects.js";

describe.each(builds)("what was released too often, $name core", (build) => {
  // The second reference met the link of the list of orphans in place of a count.
  test.each([2, 3, 4])("an acyclic record that trash refers to %i times goes once", (references) => {
    const heap = build.create({ autoCollect: false, onLeak: () => {} });
    const Leafy = heap.defineType({ name: "Leafy", acyclic: true, fields: { value: "ref" } });
    const make = (): Ptr => {
      const record = heap.alloc(Leafy);
      heap.stealRef(record, Leafy.fields.value, heap.float(1));
      return record;
    };
    const list = heap.list();
    for (const other of [make(), make()]) {
      heap.lists.append(list, other);
      heap.decref(other);
    }
    const record = make();
    for (let i = 0; i < references; i++) heap.lists.append(list, record);
    heap.lists.append(list, list);
    heap.decref(record);
    setCount(heap, record, 1);
    heap.decref(list);
    expect(heap.gc()).toBe(1);
    heap.verify();
    expect(new Set([make(), make(), make(), make()]).size).toBe(4);
    heap.verify();
    heap.dispose();
  });

  test.each([2, 3])("an old list that young trash refers to %i times goes once", (references) => {
    const heap = build.create({ autoCollect: false, onLeak: () => {} });
    const old = heap.list([heap.none]);
    heap.gc();
    const young = heap.list();
    for (let i = 0; i < references; i++) heap.lists.append(young, old);
    heap.lists.append(young, young);
    heap.decref(old);
    setCount(heap, old, 1);
    heap.decref(young);
    expect(heap.gc(0)).toBe(1);
    heap.verify();
    expect(new Set([heap.list(), heap.list(), heap.list()]).size).toBe(3);
    heap.verify();
    heap.dispose();
  });

  test.each([1, 2])(
    "a finalizer that releases its trash %i times: the damage is told, all of it lives on",
    (times) => {
      const heap = build.create({ autoCollect: false, onLeak: () => {} });
      const Node = heap.defineType({
        name: "Node",
        fields: { a: "ref", b: "ref", c: "ref" },
        finalize: (node) => {
          heap.incref(node);
          for (let i = 0; i < times; i++) heap.decref(victim);
        },
      });
      const node = heap.alloc(Node);
      const victim: Ptr = heap.list([node]);
      for (const field of [Node.fields.a, Node.fields.b, Node.fields.c]) heap.setRef(node, field, victim);
      heap.decref(victim);
      heap.decref(node);
      expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_CORRUPT");
      expect(heap.refcount(victim)).toBe(3 - times);
      expect(errorOf(() => heap.verify())).toMatchObject({ address: victim, expected: 3, actual: 3 - times });
      setCount(heap, victim, 3);
      heap.verify();
      expect(heap.getRef(node, Node.fields.c)).toBe(victim);
      heap.dispose();
    },
  );
});
