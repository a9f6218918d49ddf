/** Immortal objects have no count that moves, whoever takes references to them and whoever lets them go. */
import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { builds } from "../../support/cores.js";
import { manualHeap, release } from "../../support/objects.js";

const HOLDERS = 3;

/** Ways to hold an object and to let it go again. */
const ways: Readonly<Record<string, (heap: Heap, p: Ptr) => void>> = {
  "a list that dies": (heap, p) => release(heap, heap.list([p, p, p])),
  "a list that is changed": (heap, p) => {
    const list = heap.list();
    for (let i = 0; i < 40; i++) heap.lists.append(list, p);
    heap.lists.insert(list, 3, p);
    heap.lists.set(list, 0, heap.none);
    heap.decref(heap.lists.pop(list));
    heap.decref(heap.lists.pop(list, 2));
    const slice = heap.lists.slice(list, 2, 9);
    heap.lists.extend(list, slice);
    heap.lists.delete(list, 1, 20);
    release(heap, slice, list);
  },
  "a tuple": (heap, p) => release(heap, heap.tuple([p, p])),
  "a dict": (heap, p) => {
    const dict = heap.dict();
    heap.dicts.set(dict, heap.none, p);
    heap.dicts.set(dict, p, p);
    heap.dicts.set(dict, p, heap.none);
    heap.dicts.set(dict, heap.none, p);
    heap.dicts.delete(dict, p);
    heap.dicts.set(dict, p, p);
    heap.decref(dict);
  },
  "a record that dies by the walk": (heap, p) => {
    const Node = heap.defineType({ name: "Node", fields: { next: "ref", other: "ref" } });
    const { next, other } = Node.fields;
    let head = heap.list([p]);
    for (let i = 0; i < HOLDERS; i++) {
      const node = heap.alloc(Node);
      heap.stealRef(node, next, head);
      heap.setRef(node, other, p);
      head = node;
    }
    heap.decref(head);
  },
  "garbage of every kind": (heap, p) => {
    const Node = heap.defineType({ name: "Node", fields: { next: "ref", other: "ref" }, finalize: () => {} });
    const list = heap.list([p, heap.tuple([p])]);
    heap.decref(heap.lists.get(list, 1));
    const dict = heap.dict();
    heap.dicts.set(dict, p, list);
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.next, dict);
    heap.setRef(node, Node.fields.other, p);
    heap.lists.append(list, node);
    release(heap, list, dict, node);
    expect(heap.gc()).toBe(4);
  },
  "a collection that finds it held": (heap, p) => {
    const list = heap.list([p]);
    heap.lists.append(list, list);
    heap.gc();
    while (!heap.collector.step({ budgetObjects: 10 }));
    heap.lists.delete(list, 0, 2);
    heap.decref(list);
  },
};

describe.each(builds)("immortal objects, $name core", (build) => {
  test.each(Object.entries(ways))("%s", (_, use) => {
    const heap = manualHeap(build);
    const record = heap.tuple([heap.none]);
    heap.makeImmortal(record);
    for (const p of [heap.none, heap.true, record]) {
      const before = [heap.none, p].map((object) => heap.refcount(object));
      use(heap, p);
      expect([heap.none, p].map((object) => heap.refcount(object))).toEqual(before);
      expect(heap.isImmortal(p)).toBe(true);
    }
    heap.verify();
  });
});
