import { TYPE_DICT, TYPE_LIST } from "../../generated/layout.js";
import { show } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import { Handle } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { Types } from "../types/types.js";
import type { Dicts } from "./dicts.js";
import { noCounterpart } from "./js-value.js";
import type { Lists } from "./lists.js";
import type { Values } from "./values.js";

/** What values are made with. */
interface Makers {
  readonly memory: ObjectMemory;
  readonly counts: Counts;
  readonly types: Types;
  readonly values: Values;
  readonly lists: Lists;
  readonly dicts: Dicts;
}

/** Converts a JavaScript value to a *new* reference; objects that occur twice, or within themselves, do so there. */
export function fromJS(makers: Makers, root: unknown): Ptr {
  return new Importer(makers).run(root);
}

/** One run of `fromJS`: owns what it makes until all of it is made. */
class Importer {
  readonly #makers: Makers;
  readonly #done = new Map<object, Ptr>();
  /** Containers made so far; the importer holds a reference to each. */
  readonly #made: Ptr[] = [];
  readonly #pending: (() => void)[] = [];

  constructor(makers: Makers) {
    this.#makers = makers;
  }

  run(root: unknown): Ptr {
    const { counts } = this.#makers;
    let result: Ptr | undefined;
    try {
      result = this.#convert(root);
      for (let work = this.#pending.pop(); work !== undefined; work = this.#pending.pop()) work();
    } catch (error) {
      this.#abandon();
      if (result !== undefined) counts.drop(result);
      throw error;
    }
    for (const p of this.#made) counts.drop(p);
    return result;
  }

  /** A *new* reference. */
  #convert(value: unknown): Ptr {
    const { values } = this.#makers;
    switch (typeof value) {
      case "boolean":
        return values.bool(value);
      case "number":
        return Number.isSafeInteger(value) && !Object.is(value, -0) ? values.int(value) : values.float(value);
      case "bigint":
        return values.int(value);
      case "string":
        return values.str(value);
      case "object":
        return value === null ? values.none : this.#convertObject(value);
      default:
        throw noCounterpart("fromJS", show(value));
    }
  }

  #convertObject(value: object): Ptr {
    const { values, memory } = this.#makers;
    if (value instanceof Handle) return this.#again(memory.require("fromJS", value));
    const known = this.#done.get(value);
    if (known !== undefined) return this.#again(known);
    if (value instanceof Uint8Array) return this.#remember(value, values.bytes(value));
    if (Array.isArray(value)) {
      const list = this.#remember(value, values.list());
      this.#pending.push(() => {
        for (let i = 0; i < value.length; i++) this.#append(list, value[i]);
      });
      return list;
    }
    const entries = entriesOf(value);
    if (entries === undefined) throw noCounterpart("fromJS", describe(value));
    const dict = this.#remember(value, values.dict());
    this.#pending.push(() => {
      for (const [key, item] of entries) this.#put(dict, key, item);
    });
    return dict;
  }

  #append(list: Ptr, value: unknown): void {
    const { counts, lists } = this.#makers;
    const item = this.#convert(value);
    try {
      lists.append(list, item);
    } finally {
      counts.drop(item);
    }
  }

  #put(dict: Ptr, key: unknown, value: unknown): void {
    const { counts, dicts } = this.#makers;
    const k = this.#convert(key);
    try {
      const v = this.#convert(value);
      try {
        dicts.set(dict, k, v);
      } finally {
        counts.drop(v);
      }
    } finally {
      counts.drop(k);
    }
  }

  #again(p: Ptr): Ptr {
    this.#makers.counts.keep(p);
    return p;
  }

  /** Keeps a reference to what `value` became; the other one is the caller's. */
  #remember(value: object, p: Ptr): Ptr {
    this.#done.set(value, p);
    this.#made.push(p);
    return this.#again(p);
  }

  /** Breaks the cycles among what was made, and releases it. */
  #abandon(): void {
    const { counts, types, dicts, lists } = this.#makers;
    for (const p of this.#made) {
      if (types.idAt(p) === TYPE_LIST) lists.delete(p, 0, lists.length(p));
      if (types.idAt(p) === TYPE_DICT) for (const key of [...dicts.keys(p)]) dicts.delete(p, key);
    }
    for (const p of this.#made) counts.drop(p);
  }
}

/** Entries of a Map or of a plain object; undefined for any other object. */
function entriesOf(value: object): Iterable<readonly [unknown, unknown]> | undefined {
  if (value instanceof Map) return value as Map<unknown, unknown>;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype as object) === null;
  return isPlain ? Object.entries(value) : undefined;
}

function describe(value: object): string {
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? `an object of class ${name}` : "such an object";
}
