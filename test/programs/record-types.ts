import type { Heap, Ptr } from "../../bindings/index.js";
import type { Random } from "../support/random.js";

/** Record types of every kind: with and without finalizer, extended, with items, acyclic. */
export function defineRecordTypes(heap: Heap, random: Random, finalize: (self: Ptr) => void) {
  const Plain = heap.defineType({
    name: "Plain",
    fields: { a: "ref", b: "ref", v: "f64" },
    weakrefs: true,
    freeList: random.pick([0, 5, Infinity]),
  });
  return {
    Plain,
    Sub: heap.defineType({ name: "Sub", extends: Plain, fields: { c: "ref" }, finalize, freeList: 3 }),
    Loud: heap.defineType({ name: "Loud", fields: { a: "ref", b: "ref" }, weakrefs: true, finalize }),
    Row: heap.defineType({ name: "Row", items: "ref", weakrefs: random.chance(50) }),
    Leaf: heap.defineType({
      name: "Leaf",
      fields: { v: "f64" },
      acyclic: true,
      weakrefs: true,
      finalize,
      freeList: 10,
    }),
    Samples: heap.defineType({ name: "Samples", items: "i16", fields: { x: "i64" } }),
  };
}

export type RecordTypes = ReturnType<typeof defineRecordTypes>;

/** Names of the types whose objects weak references may lead to. */
export const WEAKABLE: readonly string[] = ["Plain", "Sub", "Loud", "Leaf"];
