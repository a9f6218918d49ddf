/**
 * The same random program in a heap that counts everything and in one whose variables lie on a stack, uncounted: at each
 * safe point the same objects are dead. And both modes by turns in one heap, with slices of collections.
 */
import { describe, expect, test } from "vitest";
import type { Heap, Ptr, Type, ValueStack } from "../../../bindings/index.js";
import { builds } from "../../support/cores.js";
import { NULL, manualHeap, randomFrom, seedOf } from "../../support/objects.js";

const VARIABLES = 12;
const STEPS = 1500;

/** Where a program keeps its variables. */
interface Variables {
  get(index: number): Ptr;
  /** Steals the reference. */
  set(index: number, p: Ptr): void;
  /** A safe point. */
  settle(): void;
}

/** Variables that own what they hold. */
class Counted implements Variables {
  readonly #heap: Heap;
  readonly #values = new Array<Ptr>(VARIABLES).fill(NULL);
  constructor(heap: Heap) {
    this.#heap = heap;
  }
  get(index: number): Ptr {
    return this.#values[index]!;
  }
  set(index: number, p: Ptr): void {
    const old = this.#values[index]!;
    this.#values[index] = p;
    if (old !== NULL) this.#heap.decref(old);
  }
  settle(): void {
    this.#heap.reclaim();
  }
}

/** Variables on a stack. */
class Uncounted implements Variables {
  readonly #heap: Heap;
  readonly #stack: ValueStack;
  constructor(heap: Heap, stack = heap.stack({ slots: VARIABLES + 1 })) {
    this.#heap = heap;
    this.#stack = stack;
    for (let i = 0; i < VARIABLES; i++) this.#stack.push(NULL);
  }
  get(index: number): Ptr {
    return this.#stack.get(index);
  }
  set(index: number, p: Ptr): void {
    if (p !== NULL) this.#stack.adopt(p);
    else this.#stack.push(NULL);
    this.#stack.set(index, this.#stack.pop());
  }
  settle(): void {
    this.#heap.reclaim();
  }
}

class Program {
  readonly died: number[] = [];
  readonly #heap: Heap;
  readonly #Node: Type<{ next: "ref"; other: "ref"; id: "i32" }>;
  readonly #variables: () => Variables;
  #made = 0;

  /** `moves`: finalizers of some objects move references, which comes at other moments in other modes. */
  constructor(heap: Heap, variables: () => Variables, moves: boolean) {
    this.#heap = heap;
    this.#variables = variables;
    this.#Node = heap.defineType({
      name: "Node",
      fields: { next: "ref", other: "ref", id: "i32" },
      weakrefs: true,
      finalize: (self) => {
        const id = heap.getI32(self, this.#Node.fields.id);
        this.died.push(id);
        if (moves && id % 7 === 0) {
          const kept = heap.getRef(self, this.#Node.fields.next);
          if (kept !== NULL) heap.incref(kept);
          this.#variables().set(id % VARIABLES, kept);
        }
      },
    });
  }

  step(random: () => number): void {
    const heap = this.#heap;
    const variables = this.#variables();
    const pick = (limit: number): number => Math.floor(random() * limit);
    const { next, other, id } = this.#Node.fields;
    const [a, b] = [pick(VARIABLES), pick(VARIABLES)];
    const field = random() < 0.5 ? next : other;
    const isNode = (p: Ptr): boolean => p !== NULL && heap.kindOf(p) === this.#Node.id;
    switch (pick(8)) {
      case 0:
      case 1: {
        const p = heap.alloc(this.#Node);
        heap.setI32(p, id, ++this.#made);
        variables.set(a, p);
        break;
      }
      case 2:
        variables.set(a, NULL);
        break;
      case 3: {
        const p = variables.get(b);
        if (p !== NULL) heap.incref(p);
        variables.set(a, p);
        break;
      }
      case 4:
      case 5:
        if (isNode(variables.get(a))) heap.setRef(variables.get(a), field, variables.get(b));
        break;
      case 6: {
        if (!isNode(variables.get(a))) break;
        const p = heap.getRef(variables.get(a), field);
        if (p !== NULL) heap.incref(p);
        variables.set(b, p);
        break;
      }
      default: {
        const p = variables.get(a);
        variables.set(b, heap.list(p === NULL ? [] : [p, p]));
      }
    }
  }

  collect(): void {
    this.#heap.gc();
  }
}

describe.each(builds)("deferred counting, random programs, $name core", (build) => {
  test("the same deaths at each safe point", () => {
    const seed = seedOf("deferred: same deaths");
    const run = (make: (heap: Heap) => Variables): string[] => {
      const heap = manualHeap(build);
      const variables = make(heap);
      const program = new Program(heap, () => variables, false);
      const random = randomFrom(seed);
      const seen: string[] = [];
      for (let i = 0; i < STEPS; i++) {
        program.step(random);
        if (i % 10 !== 9) continue;
        variables.settle();
        if (i % 100 === 99) program.collect();
        seen.push([...program.died].sort((x, y) => x - y).join(" "));
        heap.verify();
      }
      for (let i = 0; i < VARIABLES; i++) variables.set(i, NULL);
      program.collect();
      return seen;
    };
    expect(run((heap) => new Uncounted(heap))).toEqual(run((heap) => new Counted(heap)));
  });

  test("variables of both kinds by turns", () => {
    const random = randomFrom(seedOf("deferred: both modes"));
    const heap = manualHeap(build);
    const modes: Variables[] = [new Counted(heap), new Uncounted(heap), new Uncounted(heap)];
    let mode = 0;
    const program = new Program(heap, () => modes[mode]!, true);
    for (let i = 0; i < STEPS * 3; i++) {
      if (random() < 0.1) mode = Math.floor(random() * modes.length);
      if (random() < 0.02) modes[mode]!.settle();
      if (random() < 0.005) program.collect();
      if (random() < 0.1) heap.collector.step({ budgetObjects: 1 + Math.floor(random() * 30) });
      program.step(random);
      if (i % 50 === 0) heap.verify();
    }
    for (let round = 0; round < 20; round++) {
      for (const variables of modes) for (let i = 0; i < VARIABLES; i++) variables.set(i, NULL);
      program.collect();
    }
    heap.verify();
  });
});
