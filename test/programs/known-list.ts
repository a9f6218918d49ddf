import type { Heap, Ptr } from "../../bindings/index.js";
import { NULL } from "../support/objects.js";
import type { Random } from "../support/random.js";
import { must, type Holding } from "./holding.js";
import type { References } from "./references.js";

/** A list that no finalizer touches, next to an array of its items. */
export class KnownList implements Holding {
  readonly #heap: Heap;
  readonly #random: Random;
  readonly #references: References;
  #list: Ptr = NULL;
  #items: Ptr[] = [];

  constructor(heap: Heap, random: Random, references: References) {
    this.#heap = heap;
    this.#random = random;
    this.#references = references;
  }

  get isEmpty(): boolean {
    return this.#list === NULL;
  }

  append(count: number): void {
    const list = this.#own();
    for (let i = 0; i < count; i++) {
      const item = this.#references.any();
      this.#heap.lists.append(list, item);
      this.#items.push(item);
    }
  }

  insert(): void {
    const list = this.#own();
    const index = this.#random.below(this.#items.length + 1);
    const item = this.#references.any();
    this.#heap.lists.insert(list, index, item);
    this.#items.splice(index, 0, item);
  }

  set(): void {
    if (this.#items.length === 0) return;
    const index = this.#random.below(this.#items.length);
    const item = this.#references.any();
    this.#heap.lists.set(this.#list, index, item);
    this.#items[index] = item;
  }

  pop(): void {
    if (this.#items.length === 0) return;
    const index = this.#random.chance(50) ? undefined : this.#random.below(this.#items.length);
    const item = this.#heap.lists.pop(this.#list, index);
    this.#references.add(item);
    const known = this.#items.splice(index ?? -1, 1)[0]!;
    must(item === known, `lists.pop gave ${item}, not ${known}`);
  }

  delete(): void {
    if (this.#items.length === 0) return;
    const [from, to] = this.#range();
    this.#heap.lists.delete(this.#list, from, to);
    this.#items.splice(from, to - from);
  }

  /** Goes on with a part of it. */
  slice(): void {
    if (this.#items.length === 0) return;
    const [from, to] = this.#range();
    const whole = this.#list;
    this.#list = this.#heap.lists.slice(whole, from, to);
    this.#items = this.#items.slice(from, to);
    this.#heap.decref(whole);
  }

  compare(): void {
    if (this.#list === NULL) return;
    const { lists } = this.#heap;
    const { length } = this.#items;
    must(
      lists.length(this.#list) === length,
      `the list has ${lists.length(this.#list)} items, not ${length}`,
    );
    for (const [i, item] of this.#items.entries()) {
      const found = lists.get(this.#list, i);
      must(found === item, `item ${i} of the list is ${found}, not ${item}`);
    }
  }

  release(): void {
    this.compare();
    const list = this.#list;
    this.forget();
    if (list !== NULL) this.#heap.decref(list);
  }

  forget(): void {
    this.#list = NULL;
    this.#items = [];
  }

  #own(): Ptr {
    if (this.#list === NULL) this.#list = this.#heap.list();
    return this.#list;
  }

  #range(): [from: number, to: number] {
    const { length } = this.#items;
    const from = this.#random.below(length);
    return [from, from + this.#random.below(length - from + 1)];
  }
}
