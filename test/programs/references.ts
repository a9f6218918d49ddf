import type { Handle, Heap, Ptr } from "../../bindings/index.js";
import type { Random } from "../support/random.js";
import { must, type Holding } from "./holding.js";

/** Owned references with which anybody does anything: finalizers drop them, change what they lead to, and add more. */
export class References implements Holding {
  readonly #heap: Heap;
  readonly #random: Random;
  #all: Ptr[] = [];

  constructor(heap: Heap, random: Random) {
    this.#heap = heap;
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Takes a reference over. */
  add(p: Ptr): Ptr {
    this.#all.push(p);
    return p;
  }

  /** Any of them, *borrowed*; None if there is none. */
  any(): Ptr {
    return this.isEmpty ? this.#heap.none : this.#random.pick(this.#all);
  }

  /** Some of them, *borrowed*. */
  some(limit: number): Ptr[] {
    return Array.from({ length: this.#random.below(limit) }, () => this.any());
  }

  /** Any that leads to an object of such a type, *borrowed*. */
  anyOf(...names: readonly string[]): Ptr | undefined {
    const found = this.#all.filter((p) => names.includes(this.#heap.typeOf(p).name));
    return found.length === 0 ? undefined : this.#random.pick(found);
  }

  /** Gives any of them to the caller: *new*. */
  take(): Ptr | undefined {
    if (this.isEmpty) return undefined;
    const index = this.#random.below(this.#all.length);
    const taken = this.#all[index];
    this.#all[index] = this.#all.at(-1)!;
    this.#all.pop();
    return taken;
  }

  /** Drops one. */
  drop(): void {
    const p = this.take();
    if (p !== undefined) this.#heap.decref(p);
  }

  /** No object has fewer counts than references from here. */
  compare(): void {
    const owned = new Map<Ptr, number>();
    for (const p of this.#all) owned.set(p, (owned.get(p) ?? 0) + 1);
    for (const [p, count] of owned) {
      const found = this.#heap.refcount(p);
      must(found >= count, `${count} references to ${p} are owned, its count is ${found}`);
    }
  }

  release(): void {
    for (let count = this.#all.length; count > 0 && !this.isEmpty; count--)
      this.#heap.decref(this.#all.pop()!);
  }

  forget(): void {
    this.#all = [];
  }
}

/** Handles that were not disposed of. */
export class OwnHandles implements Holding {
  readonly #heap: Heap;
  #all: Handle[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  add(handle: Handle): void {
    this.#all.push(handle);
  }

  take(random: Random): Handle | undefined {
    return this.isEmpty ? undefined : this.#all.splice(random.below(this.#all.length), 1)[0];
  }

  compare(): void {
    for (const handle of this.#all)
      must(this.#heap.refcount(handle) > 0, `the object of ${handle.ptr} is dead`);
  }

  release(): void {
    for (const handle of this.#all.splice(0)) handle.dispose();
  }

  forget(): void {
    for (const handle of this.#all.splice(0)) must(handle.disposed, "a handle outlived reset()");
  }
}
