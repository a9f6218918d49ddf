import { HeapError, type Heap, type Ptr } from "../../bindings/index.js";
import { NULL } from "../support/objects.js";
import type { Random } from "../support/random.js";
import { must, type Holding } from "./holding.js";
import type { References } from "./references.js";

/** A str's text, or an int. */
type Key = string | number;

/** So many different keys: a dict of a few hundred has slots of two bytes, a smaller one of one. */
const KEYS = 900;

/** A dict that no finalizer touches, next to a Map. Its keys are strs, interned and not, and ints. */
export class KnownDict implements Holding {
  readonly #heap: Heap;
  readonly #random: Random;
  readonly #references: References;
  #dict: Ptr = NULL;
  #known = new Map<Key, Ptr>();

  constructor(heap: Heap, random: Random, references: References) {
    this.#heap = heap;
    this.#random = random;
    this.#references = references;
  }

  get isEmpty(): boolean {
    return this.#dict === NULL;
  }

  grow(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#set(this.#anyKey());
      this.#look(this.#anyKey());
    }
  }

  shrink(count: number): void {
    for (let i = 0; i < count && this.#known.size > 0; i++) {
      this.#delete(this.#random.chance(70) ? this.#knownKey() : this.#anyKey());
      this.#look(this.#anyKey());
    }
  }

  /** Changes it while it is iterated: values show as they are, and a key that comes or goes ends it with an error. */
  iterate(): void {
    if (this.#dict === NULL) return;
    const iterator = this.#heap.dicts.entries(this.#dict);
    for (const key of [...this.#known.keys()]) {
      const next = iterator.next();
      must(next.done !== true, "the iteration ended early");
      const [p, value] = next.value;
      must(this.#keyOf(p) === key, `the iteration showed ${this.#keyOf(p)} in place of ${key}`);
      must(value === this.#known.get(key), `the iteration showed ${value} for ${key}`);
      if (this.#random.chance(80)) continue;
      const other = this.#random.chance(90) ? this.#knownKey() : this.#anyKey();
      const isKnown = this.#known.has(other);
      const removes = isKnown && this.#random.chance(5);
      if (removes) this.#delete(other);
      else this.#set(other);
      if (isKnown && !removes) continue;
      must(refusesToGoOn(iterator), "the iteration went on with other keys");
      return;
    }
    must(iterator.next().done === true, "the iteration went on");
  }

  compare(): void {
    if (this.#dict === NULL) return;
    const { dicts } = this.#heap;
    const { size } = this.#known;
    must(dicts.size(this.#dict) === size, `the dict has ${dicts.size(this.#dict)} entries, not ${size}`);
    const entries = [...dicts.entries(this.#dict)];
    const keys = entries.map(([p]) => this.#keyOf(p));
    must(sameItems(keys, [...this.#known.keys()]), "the keys of the dict differ");
    const values = entries.map(([, value]) => value);
    must(sameItems(values, [...this.#known.values()]), "the values of the dict differ");
  }

  release(): void {
    this.compare();
    const dict = this.#dict;
    this.forget();
    if (dict !== NULL) this.#heap.decref(dict);
  }

  forget(): void {
    this.#dict = NULL;
    this.#known = new Map();
  }

  #set(key: Key): void {
    if (this.#dict === NULL) this.#dict = this.#heap.dict();
    this.#with(key, (p) => {
      const value = this.#references.any();
      this.#heap.dicts.set(this.#dict, p, value);
      this.#known.set(key, value);
    });
  }

  #delete(key: Key): void {
    this.#with(key, (p) => {
      const known = this.#known.delete(key);
      const found = this.#heap.dicts.delete(this.#dict, p);
      must(found === known, `dicts.delete(${key}) is ${found}`);
    });
  }

  #look(key: Key): void {
    this.#with(key, (p) => {
      const known = this.#known.get(key);
      const found = this.#heap.dicts.get(this.#dict, p);
      must(found === (known ?? NULL), `dicts.get(${key}) is ${found}, not ${known}`);
      must(this.#heap.dicts.has(this.#dict, p) === (known !== undefined), `dicts.has(${key})`);
    });
  }

  /** Lends a key: mostly the very object that the dict may have, now and then one that is only equal to it. */
  #with(key: Key, action: (p: Ptr) => void): void {
    const p =
      typeof key === "number"
        ? this.#heap.int(key)
        : this.#random.chance(80)
          ? this.#heap.intern(key)
          : this.#heap.str(key);
    try {
      action(p);
    } finally {
      this.#heap.decref(p);
    }
  }

  #anyKey(): Key {
    const number = this.#random.below(KEYS);
    return number % 4 === 0 ? 1000 + number : `key ${number}`;
  }

  #knownKey(): Key {
    return this.#random.pick([...this.#known.keys()]);
  }

  #keyOf(p: Ptr): Key {
    return this.#heap.toJS(p) as Key;
  }
}

/** Whether a step of an iteration throws because the keys of the dict have changed. */
function refusesToGoOn(iterator: Iterator<unknown>): boolean {
  try {
    iterator.next();
    return false;
  } catch (error) {
    return error instanceof HeapError && error.code === "ERR_HEAP_RANGE";
  }
}

function sameItems<T>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length && left.every((item, i) => item === right[i]);
}
