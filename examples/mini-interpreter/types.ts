import { Kind, type Heap, type Ptr } from "tallyheap";
import type { TypeName } from "./world.js";

/**
 * The values of the language and where each lives in the heap:
 *
 * | Scheme | heap |
 * |---|---|
 * | integer, real, string, boolean | int, float, str, true and false |
 * | symbol | record `symbol`, one for each name; what is defined outside of all procedures is its value |
 * | pair; empty list | record `pair`; the empty tuple |
 * | vector, hash table | list, dict |
 * | procedure | record `closure`, whose items are the variables that it uses of those around it; or `primitive` |
 * | error object | record `condition` |
 * | weak box | weakref |
 * | unspecified | none |
 *
 * Two are no values: a `cell` is a variable that closures share and somebody sets, a `unit` holds the text of a program while
 * there are closures of it. Compiled code stays in JavaScript: `forget` is told of a unit that dies.
 */
export function defineTypes(heap: Heap, forget: (unit: Ptr) => void) {
  const symbol = heap.defineType({ name: "symbol", fields: { name: "ref", value: "ref" } });
  const pair = heap.defineType({
    name: "pair",
    fields: { car: "ref", cdr: "ref" },
    weakrefs: true,
    freeList: 1000,
  });
  const closure = heap.defineType({
    name: "closure",
    fields: { unit: "ref", code: "i32" },
    items: "ref",
    weakrefs: true,
  });
  const cell = heap.defineType({ name: "cell", fields: { value: "ref" }, freeList: 200 });
  const unit = heap.defineType({
    name: "unit",
    fields: { source: "ref", number: "i32" },
    finalize: forget,
  });
  const primitive = heap.defineType({ name: "primitive", fields: { index: "i32" }, acyclic: true });
  const condition = heap.defineType({ name: "condition", fields: { message: "ref", irritants: "ref" } });
  return { symbol, pair, closure, cell, unit, primitive, condition };
}

export type Types = ReturnType<typeof defineTypes>;

/** What the program calls the values of a type, by the type's id. */
export function typeNames({ symbol, pair, closure, primitive, condition }: Types): TypeName[] {
  const names: TypeName[] = [];
  names[Kind.none] = "unspecified";
  names[Kind.bool] = "boolean";
  names[Kind.int] = "integer";
  names[Kind.float] = "real";
  names[Kind.str] = "string";
  names[Kind.tuple] = "empty list";
  names[Kind.list] = "vector";
  names[Kind.dict] = "hash table";
  names[Kind.weakref] = "weak box";
  names[symbol.id] = "symbol";
  names[pair.id] = "pair";
  names[closure.id] = "closure";
  names[primitive.id] = "primitive";
  names[condition.id] = "error object";
  return names;
}
