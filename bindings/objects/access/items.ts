import { META_HELD, META_OLDER, META_OLDEST, META_TRACKED, TYPE_TUPLE } from "../../generated/layout.js";
import { HeapError } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { Counts } from "./counts.js";
import type { Value } from "./fields.js";
import { KINDS } from "../types/kinds.js";
import { argumentError, type Ref, type Space } from "./object-memory.js";
import { factsOf, type ItemLayout, type KnownType, type TypeFacts, type Types } from "../types/types.js";

/** What is known of a type whose instances have items. */
interface RowFacts extends TypeFacts {
  readonly itemLayout: ItemLayout;
}

const WORD_SHIFT = KINDS.ref.shift;
const TRACKED_OLD = META_TRACKED | META_OLDER | META_OLDEST;

/** Items of records with a tail, of tuples, lists and bytes; bounds are checked. */
export class Items {
  readonly #space: Space;
  readonly #counts: Counts;
  readonly #types: Types;

  constructor(space: Space, counts: Counts, types: Types) {
    this.#space = space;
    this.#counts = counts;
    this.#types = types;
  }

  /** Number of items; of a str its code units, of a dict its entries. */
  length(ref: Ref): number {
    const p = this.#space.require("length", ref);
    const type = this.#types.typeAt("length", p);
    const { length } = factsOf(type);
    if (length === 0) throw noItems("length", p, type);
    return this.#space.u32[(p + length) >>> 2]!;
  }

  /** An item: a *borrowed* reference, or a number. */
  get(ref: Ref, index: number): Ptr | number | bigint {
    const space = this.#space;
    const p = space.require("getItem", ref);
    const facts = this.#factsAt("getItem", p);
    const first = this.#first("getItem", p, facts, index);
    const { kind } = facts.itemLayout;
    if (kind === "ref") return space.u32[(first >>> WORD_SHIFT) + index]! as Ptr;
    return space[kind][(first >>> KINDS[kind].shift) + index]!;
  }

  /** Stores an item; takes its own reference to one, and releases the old one after the store. */
  set(ref: Ref, index: number, value: Value | number | bigint): void {
    const space = this.#space;
    const p = space.require("setItem", ref);
    const facts = this.#factsAt("setItem", p);
    const first = this.#first("setItem", p, facts, index);
    const { kind } = facts.itemLayout;
    if (kind === "ref") {
      const v = typeof value === "number" ? (value as Ptr) : space.resolveValue("setItem", value);
      if (this.#types.idAt(p) === TYPE_TUPLE) this.#track(p);
      if (v !== 0) this.#counts.incref(v);
      const slot = (first >>> WORD_SHIFT) + index;
      const old = space.u32[slot]!;
      space.u32[slot] = v;
      if (old !== 0) this.#counts.drop(old as Ptr);
    } else if (kind === "i64") {
      space.i64[(first >>> KINDS.i64.shift) + index] = requireWhole("setItem", value);
    } else {
      space[kind][(first >>> KINDS[kind].shift) + index] = requireNumber("setItem", value);
    }
  }

  /**
   * A tuple that the collector was done with may become part of a cycle. It is of the oldest generation now, and so are
   * those that it was done with because of this one: a walk, which no tuple costs twice between two collections.
   */
  #track(tuple: Ptr): void {
    const space = this.#space;
    const word = (tuple >>> 2) + 1;
    const meta = space.u32[word]!;
    if ((meta & META_TRACKED) !== 0) return;
    if ((meta & META_HELD) !== 0) space.enter(() => space.abi.gc_retrack());
    else space.u32[word] = meta | TRACKED_OLD;
  }

  #factsAt(operation: string, p: Ptr): RowFacts {
    const type = this.#types.typeAt(operation, p);
    const facts = factsOf(type);
    if (!hasItems(facts)) throw noItems(operation, p, type);
    return facts;
  }

  /** Address of the first item, if there is one at `index`. */
  #first(operation: string, p: Ptr, { length, itemLayout }: RowFacts, index: number): number {
    const { u32 } = this.#space;
    const { offset, isBuffer } = itemLayout;
    requireIndex(operation, p, index, u32[(p + length) >>> WORD_SHIFT]!);
    return isBuffer ? u32[(p + offset) >>> WORD_SHIFT]! : p + offset;
  }
}

/** A value to store as 64 bits. */
export function requireWhole(operation: string, value: unknown): bigint {
  if (typeof value === "bigint" || Number.isInteger(value)) return BigInt(value as number | bigint);
  throw argumentError(operation, "value", value, "a whole number");
}

/** A value to store as any other number. */
export function requireNumber(operation: string, value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw argumentError(operation, "value", value, "a number");
}

/** Refuses an index that is not one of `length` items. */
export function requireIndex(operation: string, p: Ptr, index: unknown, length: number): void {
  if (typeof index === "number" && Number.isInteger(index) && index >= 0 && index < length) return;
  throw indexError(operation, p, index, length - 1);
}

/** The error for an index outside of 0 … `maximum`. */
export function indexError(operation: string, ptr: Ptr, index: unknown, maximum: number): HeapError {
  const isNumber = typeof index === "number" || typeof index === "bigint";
  const range = maximum < 0 ? "there are none" : `they go from 0 to ${maximum}`;
  const message = `${operation}: no index ${isNumber ? String(index) : `of type ${typeof index}`}; ${range}`;
  const code = isNumber ? "ERR_HEAP_RANGE" : "ERR_HEAP_ARGUMENT";
  return new HeapError(code, message, {
    operation,
    ptr,
    argument: "index",
    value: index,
    minimum: 0,
    maximum,
  });
}

function hasItems(facts: TypeFacts): facts is RowFacts {
  return facts.itemLayout !== undefined;
}

function noItems(operation: string, ptr: Ptr, type: KnownType): HeapError {
  const message = `${operation}: a ${type.name} has no items`;
  return new HeapError("ERR_HEAP_TYPE", message, { operation, ptr });
}
