import { coreOf } from "../../bindings/heap/heap.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import type { Random } from "../support/random.js";
import { must, type Holding } from "./holding.js";

interface Known {
  readonly p: Ptr;
  readonly value: number | bigint;
}

/** Dead ints that their type keeps, and as many floats. */
const CAP = 100;

/** Ints and floats by the hundred, and their values. */
export class Numbers implements Holding {
  readonly #heap: Heap;
  readonly #random: Random;
  #all: Known[] = [];

  constructor(heap: Heap, random: Random) {
    this.#heap = heap;
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  born(count: number): void {
    for (let i = 0; i < count; i++) {
      const value = this.#anyValue();
      const isInt = typeof value === "bigint" || Number.isInteger(value);
      this.#all.push({ p: isInt ? this.#heap.int(value) : this.#heap.float(Number(value)), value });
    }
  }

  /** Some die, in any order, with nothing in between: as many of them as there is room for wait on the private lists. */
  die(count: number): void {
    const before = { int: this.#waiting("int"), float: this.#waiting("float") };
    const dead = { int: 0, float: 0 };
    for (let i = 0; i < count && !this.isEmpty; i++) {
      const index = this.#random.below(this.#all.length);
      const { p } = this.#all[index]!;
      this.#all[index] = this.#all.at(-1)!;
      this.#all.pop();
      dead[this.#heap.typeOf(p).name as "int" | "float"]++;
      this.#heap.decref(p);
    }
    for (const type of ["int", "float"] as const) {
      const cap = coreOf(this.#heap).kind === "hardened" ? 0 : CAP;
      const expected = Math.min(cap, before[type] + dead[type]);
      const found = this.#waiting(type);
      must(found === expected, `${found} dead ${type}s wait, not ${expected}`);
    }
  }

  compare(): void {
    for (const { p, value } of this.#all) {
      const found = this.#heap.toJS(p);
      must(Object.is(found, value), `the number at ${p} is ${String(found)}, not ${value}`);
      must(this.#heap.refcount(p) === 1, `the number ${value} has a count of ${this.#heap.refcount(p)}`);
    }
  }

  release(): void {
    this.compare();
    this.die(this.#all.length);
  }

  forget(): void {
    this.#all = [];
  }

  #waiting(type: string): number {
    return this.#heap.freeLists().find(({ name }) => name === type)?.count ?? 0;
  }

  /** None of the shared ones. */
  #anyValue(): number | bigint {
    const number = this.#random.below(2 ** 31);
    const kind = this.#random.below(10);
    if (kind < 3) return 1000 + (number >> 1);
    if (kind < 5) return -1000 - (number >> 1);
    if (kind === 5) return (number + 1) * 2 ** 20;
    if (kind === 6) return (BigInt(number) + 2n ** 31n) << 30n;
    return kind === 7 ? Number.NaN : number + 0.5;
  }
}
