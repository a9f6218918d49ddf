/** Passes of a compiler: trees of expressions are built, folded to new trees, read and dropped, under automatic collection. */

import type { Heap, Ptr } from "tallyheap";

import { randomFrom } from "../lib/random.js";
import type { Pick, Program } from "./program.js";

const TREES = 24;
const DEPTH = 9;
/** Kinds of expressions; operators come first. */
const PLUS = 0;
const TIMES = 1;
const CONSTANT = 2;
const VARIABLE = 3;

class Compiler {
  readonly #heap: Heap;
  readonly #pick: Pick;
  readonly #expression;
  readonly #names: readonly Ptr[];

  constructor(heap: Heap, pick: Pick) {
    this.#heap = heap;
    this.#pick = pick;
    const fields = { kind: "i32", left: "ref", right: "ref" } as const;
    this.#expression = heap.defineType({ name: "Expression", fields });
    this.#names = ["x", "y", "z", "width", "height"].map((name) => heap.intern(name));
  }

  /** Compiles some trees; the number of expressions that were left of them. */
  compile(trees: number): number {
    let size = 0;
    for (let i = 0; i < trees; i++) {
      const parsed = this.#parse(DEPTH);
      const folded = this.#fold(parsed);
      this.#heap.decref(parsed);
      size += this.#size(folded);
      this.#heap.decref(folded);
    }
    return size;
  }

  /** *New*; steals both sides. */
  #make(kind: number, left: Ptr, right: Ptr): Ptr {
    const heap = this.#heap;
    const { fields } = this.#expression;
    const expression = heap.alloc(this.#expression);
    heap.setI32(expression, fields.kind, kind);
    heap.stealRef(expression, fields.left, left);
    if (right !== 0) heap.stealRef(expression, fields.right, right);
    return expression;
  }

  /** *New*. */
  #parse(depth: number): Ptr {
    const heap = this.#heap;
    if (depth > 0 && this.#pick(10) > 0)
      return this.#make(this.#pick(2), this.#parse(depth - 1), this.#parse(depth - 1));
    if (this.#pick(3) > 0) return this.#constant(this.#pick(1000));
    const name = this.#names[this.#pick(this.#names.length)]!;
    heap.incref(name);
    return this.#make(VARIABLE, name, 0 as Ptr);
  }

  /** *New*. */
  #constant(value: number): Ptr {
    return this.#make(CONSTANT, this.#heap.float(value), 0 as Ptr);
  }

  /** *New*: the expression with operators on constants done. */
  #fold(expression: Ptr): Ptr {
    const heap = this.#heap;
    const { kind, left, right } = this.#expression.fields;
    const operator = heap.getI32(expression, kind);
    if (operator > TIMES) {
      heap.incref(expression);
      return expression;
    }
    const a = this.#fold(heap.getRef(expression, left));
    const b = this.#fold(heap.getRef(expression, right));
    if (heap.getI32(a, kind) !== CONSTANT || heap.getI32(b, kind) !== CONSTANT)
      return this.#make(operator, a, b);
    const [x, y] = [this.#value(a), this.#value(b)];
    heap.decref(a);
    heap.decref(b);
    return this.#constant(operator === PLUS ? x + y : (x * y) % 1009);
  }

  #value(constant: Ptr): number {
    return this.#heap.toJS(this.#heap.getRef(constant, this.#expression.fields.left)) as number;
  }

  #size(expression: Ptr): number {
    const heap = this.#heap;
    const { kind, left, right } = this.#expression.fields;
    if (heap.getI32(expression, kind) > TIMES) return 1;
    return 1 + this.#size(heap.getRef(expression, left)) + this.#size(heap.getRef(expression, right));
  }
}

export const expressionsProgram: Program = {
  name: "compiler: fold expressions",
  prepare: (heap) => {
    const random = randomFrom(1);
    const compiler = new Compiler(heap, (limit) => Math.floor(random() * limit));
    return () => compiler.compile(TREES);
  },
};
