import {
  BYTES_DATA,
  BYTES_LENGTH,
  LIST_ITEMS,
  LIST_LENGTH,
  STATE_TRUE,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TYPE_BOOL,
  TYPE_BYTES,
  TYPE_DICT,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_STR,
  TYPE_TUPLE,
  VALUE,
} from "../generated/layout.js";
import { HeapError, show } from "../errors.js";
import type { Ptr } from "../ptr.js";
import type { Counts } from "./counts.js";
import type { Dicts } from "./dicts.js";
import { Handle } from "./handle.js";
import type { Lists } from "./lists.js";
import type { Ref, Space } from "./space.js";
import type { Strs } from "./strs.js";
import type { Types } from "./types.js";
import type { Values } from "./values.js";

/**
 * JavaScript's counterpart of a built-in value: None null, bool boolean, int number where it is safe, else bigint,
 * float number, str string, bytes Uint8Array, tuple and list array, dict Map.
 */
export type JSValue =
  null | boolean | number | bigint | string | Uint8Array | JSValue[] | Map<JSValue, JSValue>;

/** The parts of the heap that conversion is made of. */
export interface ConvertParts {
  readonly space: Space;
  readonly counts: Counts;
  readonly types: Types;
  readonly values: Values;
  readonly strs: Strs;
  readonly lists: Lists;
  readonly dicts: Dicts;
}

// ---- from the heap ----

/** Converts a built-in value; containers that occur twice, or within themselves, do so in the result. No recursion. */
export function toJS(parts: ConvertParts, ref: Ref): JSValue {
  const { space, types, strs, dicts } = parts;
  const done = new Map<Ptr, JSValue>();
  const pending: (() => void)[] = [];

  const convert = (p: Ptr): JSValue => {
    const known = done.get(p);
    if (known !== undefined) return known;
    switch (types.idAt(p)) {
      case TYPE_NONE:
        return null;
      case TYPE_BOOL:
        return space.state(STATE_TRUE) === p;
      case TYPE_INT:
        return readInt(space.i64[(p + VALUE) >>> 3]!);
      case TYPE_FLOAT:
        return space.f64[(p + VALUE) >>> 3]!;
      case TYPE_STR:
        return strs.read(p);
      case TYPE_BYTES:
        return remember(p, readBytes(space, p));
      case TYPE_TUPLE:
        return readItems(p, space.u32[(p + TUPLE_LENGTH) >>> 2]!, p + TUPLE_ITEMS);
      case TYPE_LIST:
        return readItems(p, space.u32[(p + LIST_LENGTH) >>> 2]!, space.u32[(p + LIST_ITEMS) >>> 2]!);
      case TYPE_DICT: {
        const map = remember(p, new Map<JSValue, JSValue>());
        pending.push(() => {
          for (const [key, value] of dicts.entries(p)) map.set(convert(key), convert(value));
        });
        return map;
      }
      default:
        throw noCounterpart("toJS", `a ${types.nameAt(p)}`, p);
    }
  };
  const remember = <T extends JSValue>(p: Ptr, value: T): T => (done.set(p, value), value);
  const readItems = (p: Ptr, length: number, address: number): JSValue[] => {
    const items = remember(p, [] as JSValue[]);
    pending.push(() => {
      for (let i = 0; i < length; i++) {
        const item = space.u32[(address >>> 2) + i]! as Ptr;
        items.push(item === 0 ? null : convert(item));
      }
    });
    return items;
  };

  const result = convert(space.require("toJS", ref));
  for (let work = pending.pop(); work !== undefined; work = pending.pop()) work();
  return result;
}

function readInt(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readBytes(space: Space, p: Ptr): Uint8Array {
  const length = space.u32[(p + BYTES_LENGTH) >>> 2]!;
  return space.u8.slice(p + BYTES_DATA, p + BYTES_DATA + length);
}

// ---- to the heap ----

/** Converts a JavaScript value to a *new* reference; objects that occur twice, or within themselves, do so there. */
export function fromJS(parts: ConvertParts, root: unknown): Ptr {
  return new Importer(parts).run(root);
}

/** One run of `fromJS`: owns what it makes until all of it is made. */
class Importer {
  readonly #parts: ConvertParts;
  readonly #done = new Map<object, Ptr>();
  /** Containers made so far; the importer holds a reference to each. */
  readonly #made: Ptr[] = [];
  readonly #pending: (() => void)[] = [];

  constructor(parts: ConvertParts) {
    this.#parts = parts;
  }

  run(root: unknown): Ptr {
    const { counts } = this.#parts;
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
    const { values } = this.#parts;
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
    const { values, lists, space } = this.#parts;
    if (value instanceof Handle) return this.#again(space.require("fromJS", value));
    const known = this.#done.get(value);
    if (known !== undefined) return this.#again(known);
    if (value instanceof Uint8Array) return this.#remember(value, values.bytes(value));
    if (Array.isArray(value)) {
      const list = this.#remember(value, values.list());
      this.#pending.push(() => {
        for (let i = 0; i < value.length; i++) this.#give(value[i], (item) => lists.append(list, item));
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

  #put(dict: Ptr, key: unknown, value: unknown): void {
    this.#give(key, (k) => this.#give(value, (v) => this.#parts.dicts.set(dict, k, v)));
  }

  /** Lends the converted value to `use`, which takes its own reference. */
  #give(value: unknown, use: (p: Ptr) => void): void {
    const p = this.#convert(value);
    try {
      use(p);
    } finally {
      this.#parts.counts.drop(p);
    }
  }

  #again(p: Ptr): Ptr {
    this.#parts.counts.keep(p);
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
    const { counts, types, dicts, lists } = this.#parts;
    for (const p of this.#made) {
      if (types.idAt(p) === TYPE_LIST) lists.delete(p, 0, lists.length(p));
      if (types.idAt(p) === TYPE_DICT) for (const key of dicts.keys(p)) dicts.delete(p, key);
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

function noCounterpart(operation: string, what: string, ptr?: Ptr): HeapError {
  const message = `${operation}: ${what} has no counterpart`;
  return new HeapError("ERR_HEAP_TYPE", message, ptr === undefined ? { operation } : { operation, ptr });
}
