/** Lists and records of a heap as nodes of structures. */

import type { Heap, Ptr } from "tallyheap";

import type { Nodes } from "./shapes.js";

export function listNodes(heap: Heap): Nodes<Ptr> {
  return {
    make: (degree) => heap.list(fillers(heap, degree)),
    link: (list, index, target) => heap.setItem(list, index, target),
    leaf: () => heap.float(0.5),
    release: (node) => heap.decref(node),
  };
}

export function recordNodes(heap: Heap): Nodes<Ptr> {
  const type = heap.defineType({ name: "Record", fields: { a: "ref", b: "ref" } });
  const { a, b } = type.fields;
  return {
    make: () => heap.alloc(type),
    link: (record, index, target) => heap.setRef(record, index === 0 ? a : b, target),
    leaf: () => heap.float(0.5),
    release: (node) => heap.decref(node),
  };
}

/** What stands in a container until it is linked. */
export function fillers(heap: Heap, degree: number): Ptr[] {
  return new Array<Ptr>(degree).fill(heap.none);
}
