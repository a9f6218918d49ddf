import { META_HELD, META_OLDER, META_OLDEST, META_TRACKED, TYPE_TUPLE } from "../../generated/layout.js";
import { requireIndex, requireInteger, requireNumber, requireWhole } from "../../core/arguments.js";
import { HeapError } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { Ref, Value } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { KINDS } from "../types/kinds.js";
import { factsOf, type ItemLayout, type KnownType, type TypeFacts } from "../types/type.js";
import type { Types } from "../types/types.js";

/** What is known of a type whose instances have items. */
interface ItemFacts extends TypeFacts {
  readonly itemLayout: ItemLayout;
}

const TRACKED_OLD = META_TRACKED | META_OLDER | META_OLDEST;

/** Items of records with a tail, of tuples, lists and bytes; bounds are checked. */
export class Items {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #counts: Counts;
  readonly #types: Types;

  constructor(memory: ObjectMemory, calls: ObjectCalls, counts: Counts, types: Types) {
    this.#memory = memory;
    this.#calls = calls;
    this.#counts = counts;
    this.#types = types;
  }

  /** Number of items; of a str its code units, of a dict its entries. */
  length(ref: Ref): number {
    const p = this.#memory.require("length", ref);
    const type = this.#types.typeAt("length", p);
    const { length } = factsOf(type);
    if (length === 0) throw noItems("length", p, type);
    return this.#memory.u32[(p + length) >>> 2]!;
  }

  /** An item: a *borrowed* reference, or a number. */
  get(ref: Ref, index: number): Ptr | number | bigint {
    const memory = this.#memory;
    const p = memory.require("getItem", ref);
    const facts = this.#factsAt("getItem", p);
    const first = this.#first("getItem", p, facts, index);
    const { kind } = facts.itemLayout;
    if (kind === "ref") return memory.u32[(first >>> 2) + index]! as Ptr;
    return memory[kind][(first >>> KINDS[kind].shift) + index]!;
  }

  /** Stores an item; takes its own reference to one, and releases the old one after the store. */
  set(ref: Ref, index: number, value: Value | number | bigint): void {
    const memory = this.#memory;
    const p = memory.require("setItem", ref);
    const facts = this.#factsAt("setItem", p);
    const first = this.#first("setItem", p, facts, index);
    const { kind } = facts.itemLayout;
    if (kind === "ref") {
      const v = memory.requireValue("setItem", value);
      if (this.#types.idAt(p) === TYPE_TUPLE) this.#track(p);
      if (v !== 0) this.#counts.keep(v);
      const slot = (first >>> 2) + index;
      const old = memory.u32[slot]!;
      memory.u32[slot] = v;
      if (old !== 0) this.#counts.drop(old as Ptr);
    } else if (kind === "i64") {
      memory.i64[(first >>> KINDS.i64.shift) + index] = requireWhole("setItem", value);
    } else {
      const isWhole = memory.checked && kind !== "f32" && kind !== "f64";
      const number = isWhole ? requireInteger("setItem", value, kind) : requireNumber("setItem", value);
      memory[kind][(first >>> KINDS[kind].shift) + index] = number;
    }
  }

  /**
   * A tuple that the collector was done with may become part of a cycle. It is of the oldest generation now, and so are
   * those that it was done with because of this one: a walk, which no tuple costs twice between two collections.
   */
  #track(tuple: Ptr): void {
    const memory = this.#memory;
    const word = (tuple >>> 2) + 1;
    const meta = memory.u32[word]!;
    if ((meta & META_TRACKED) !== 0) return;
    if ((meta & META_HELD) !== 0) this.#calls.enter(() => this.#calls.abi.gc_retrack());
    else memory.u32[word] = meta | TRACKED_OLD;
  }

  #factsAt(operation: string, p: Ptr): ItemFacts {
    const type = this.#types.typeAt(operation, p);
    const facts = factsOf(type);
    if (!hasItems(facts)) throw noItems(operation, p, type);
    return facts;
  }

  /** Address of the first item, if there is one at `index`. */
  #first(operation: string, p: Ptr, { length, itemLayout }: ItemFacts, index: number): number {
    const { u32 } = this.#memory;
    const { offset, isBuffer } = itemLayout;
    requireIndex(operation, p, index, u32[(p + length) >>> 2]!);
    return isBuffer ? u32[(p + offset) >>> 2]! : p + offset;
  }
}

function hasItems(facts: TypeFacts): facts is ItemFacts {
  return facts.itemLayout !== undefined;
}

function noItems(operation: string, ptr: Ptr, type: KnownType): HeapError {
  const message = `${operation}: a ${type.name} has no items`;
  return new HeapError("ERR_HEAP_TYPE", message, { operation, ptr });
}
