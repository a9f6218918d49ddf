import type { Heap, Ptr, WeakKeyMap, WeakObjectSet, WeakValueMap } from "../../bindings/index.js";
import type { Random } from "../support/random.js";
import { must, type Holding } from "./holding.js";

/** The weak collections of a program. What they show is alive. */
export class Watchers implements Holding {
  readonly #heap: Heap;
  readonly #byName: WeakValueMap<number>;
  readonly #notes: WeakKeyMap<Ptr>;
  readonly #members: WeakObjectSet;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#byName = heap.weakValueMap<number>();
    this.#notes = heap.weakKeyMap<Ptr>();
    this.#members = heap.weakSet();
  }

  get isEmpty(): boolean {
    return this.#byName.size + this.#notes.size + this.#members.size === 0;
  }

  /** Does something with an object, which is owned meanwhile. */
  watch(p: Ptr, random: Random): void {
    const kind = random.below(8);
    const name = random.below(20);
    if (kind < 2) {
      this.#byName.set(name, p);
      must(this.#byName.get(name) === p, `${p} is not in the weak map that it was put in`);
    } else if (kind < 4) {
      this.#notes.set(p, p);
      must(this.#notes.get(p) === p, `${p} is no key of the weak map that it was made a key of`);
    } else if (kind < 6) {
      this.#members.add(p);
      must(this.#members.has(p), `${p} is not in the weak set that it was put in`);
    } else if (kind === 6) {
      this.#members.delete(p);
      this.#byName.delete(name);
      must(!this.#members.has(p) && !this.#byName.has(name), `${p} is still in what it was removed from`);
    } else {
      this.#notes.clear();
    }
  }

  compare(): void {
    for (const p of [...this.#byName.values(), ...this.#members]) this.#requireLive(p);
    for (const [p, note] of this.#notes) {
      this.#requireLive(p);
      must(note === p, `the note of ${p} is that of ${note}`);
    }
  }

  release(): void {
    this.#byName.clear();
    this.#notes.clear();
    this.#members.clear();
  }

  forget(): void {
    must(this.isEmpty, "a weak collection holds something after reset()");
  }

  #requireLive(p: Ptr): void {
    must(this.#heap.refcount(p) > 0, `a weak collection shows ${p}, which is dead`);
  }
}
