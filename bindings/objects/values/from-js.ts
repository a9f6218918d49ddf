import { TYPE_DICT, TYPE_LIST } from "../../generated/layout.js";
import { show } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import { reserveStack } from "../../core/stack.js";
import type { Counts } from "../access/counts.js";
import { Handle } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { Types } from "../types/types.js";
import type { Dicts } from "./dicts.js";
import { noCounterpart } from "./js-value.js";
import { resetError } from "./reset-error.js";
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
  return simpleFromJS(makers.values, root) ?? new Importer(makers).run(root);
}

/** The counterpart of what holds no other values, made without running host code: *new*; undefined for anything else. */
function simpleFromJS(values: Values, value: unknown): Ptr | undefined {
  switch (typeof value) {
    case "boolean":
      return values.bool(value);
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? values.int(value) : values.float(value);
    case "bigint":
      return values.int(value);
    case "string":
      return values.str(value);
    default:
      if (value === null) return values.none;
      return value instanceof Uint8Array ? values.bytes(value) : undefined;
  }
}

/** One run of `fromJS`: holds all that it makes until all of it is made. */
class Importer {
  readonly #makers: Makers;
  readonly #done = new Map<object, Ptr>();
  readonly #held: Ptr[] = [];
  readonly #pending: (() => void)[] = [];
  readonly #epoch: number;

  constructor(makers: Makers) {
    this.#makers = makers;
    this.#epoch = makers.memory.lifecycle.epoch;
  }

  run(root: unknown): Ptr {
    const { counts } = this.#makers;
    // What was made has to die if a value is refused, which must not be where the stack ends.
    reserveStack(1);
    try {
      const result = this.#convert(root);
      for (let work = this.#pending.pop(); work !== undefined; work = this.#pending.pop()) work();
      this.#requireSameEpoch();
      counts.keep(result);
      return result;
    } catch (error) {
      if (!this.#wasReset) this.#breakCycles();
      throw error;
    } finally {
      if (!this.#wasReset) for (const p of this.#held) counts.drop(p);
    }
  }

  /** Whether a getter, a proxy or an iterator reset the heap: what was made is gone. */
  get #wasReset(): boolean {
    return this.#makers.memory.lifecycle.epoch !== this.#epoch;
  }

  /** After every piece of host code, before anything that was made is touched. */
  #requireSameEpoch(): void {
    if (this.#wasReset) throw resetError("fromJS");
  }

  /** What a value becomes, held. */
  #convert(value: unknown): Ptr {
    this.#requireSameEpoch();
    if (typeof value !== "object" || value === null) {
      const simple = simpleFromJS(this.#makers.values, value);
      if (simple === undefined) throw noCounterpart("fromJS", show(value));
      return this.#hold(simple);
    }
    return this.#done.get(value) ?? this.#convertObject(value);
  }

  #convertObject(value: object): Ptr {
    const { memory, counts, values, lists, dicts } = this.#makers;
    if (value instanceof Handle) {
      const p = memory.requireReference("fromJS", value);
      counts.keep(p);
      return this.#hold(p);
    }
    if (value instanceof Uint8Array) return this.#remember(value, values.bytes(value));
    if (Array.isArray(value)) {
      const list = this.#remember(value, values.list());
      this.#pending.push(() => {
        for (let i = 0; i < value.length; i++) lists.append(list, this.#convert(value[i]));
      });
      return list;
    }
    const entries = entriesOf(value);
    if (entries === undefined) throw noCounterpart("fromJS", describe(value));
    this.#requireSameEpoch();
    const dict = this.#remember(value, values.dict());
    this.#pending.push(() => {
      for (const [key, item] of entries) dicts.set(dict, this.#convert(key), this.#convert(item));
    });
    return dict;
  }

  #remember(value: object, p: Ptr): Ptr {
    this.#done.set(value, p);
    return this.#hold(p);
  }

  #hold(p: Ptr): Ptr {
    this.#held.push(p);
    return p;
  }

  /** Cycles among what was made. */
  #breakCycles(): void {
    const { types, dicts, lists } = this.#makers;
    for (const p of this.#done.values()) {
      if (types.idAt(p) === TYPE_LIST) lists.delete(p, 0, lists.length(p));
      if (types.idAt(p) === TYPE_DICT) for (const key of [...dicts.keys(p)]) dicts.delete(p, key);
    }
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
