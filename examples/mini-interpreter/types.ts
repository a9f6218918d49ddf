import type { Heap, Ptr } from "tallyheap";

/**
 * The values of the language and where each lives in the heap:
 *
 * | Scheme | heap |
 * |---|---|
 * | integer, real, string, boolean | int, float, str, true and false |
 * | symbol | record `symbol`, one for each name |
 * | pair; empty list | record `pair`; the empty tuple |
 * | vector, hash table | list, dict |
 * | procedure | record `closure` or `primitive` |
 * | error object | record `condition` |
 * | weak box | weakref |
 * | unspecified | none |
 *
 * Frames are records too: a chain of variables, and the frame around it. What is defined outside of all procedures is the
 * value of its symbol.
 */
export function defineTypes(heap: Heap) {
  const symbol = heap.defineType({ name: "symbol", fields: { name: "ref", value: "ref", form: "i32" } });
  const pair = heap.defineType({
    name: "pair",
    fields: { car: "ref", cdr: "ref" },
    weakrefs: true,
    freeList: 1000,
  });
  const closure = heap.defineType({
    name: "closure",
    fields: { parameters: "ref", body: "ref", frame: "ref", name: "ref" },
    weakrefs: true,
  });
  const primitive = heap.defineType({ name: "primitive", fields: { index: "i32" }, acyclic: true });
  const condition = heap.defineType({ name: "condition", fields: { message: "ref", irritants: "ref" } });
  const frame = heap.defineType({ name: "frame", fields: { variables: "ref", outer: "ref" }, freeList: 200 });
  const variable = heap.defineType({
    name: "variable",
    fields: { symbol: "ref", value: "ref", next: "ref" },
    freeList: 1000,
  });
  return { symbol, pair, closure, primitive, condition, frame, variable };
}

export type Types = ReturnType<typeof defineTypes>;

/** Syntax that the evaluator knows, by the number in its symbol; 0 is no syntax. */
export const FORMS = [
  "",
  ...["quote", "if", "define", "set!", "lambda", "begin", "let", "let*", "letrec", "cond"],
  ...["and", "or", "when", "unless", "do", "guard", "else", "=>"],
] as const;

export type Form = (typeof FORMS)[number];

/** A value that was raised, on its way to a `guard`; owns one reference to it. */
export class Raised extends Error {
  constructor(readonly payload: Ptr) {
    super("raised");
  }
}

/** What a program did wrong: an error that Scheme code can catch, before it has become a value of the heap. */
export class Misuse extends Error {
  /** `irritants` are borrowed, and shown in the message at once. */
  constructor(
    message: string,
    readonly irritants: readonly string[] = [],
  ) {
    super(message);
  }
}

/** An error that nothing in the program caught. */
export class SchemeError extends Error {
  override readonly name = "SchemeError";
}
