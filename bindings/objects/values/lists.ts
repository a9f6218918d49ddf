import {
  COUNT_LIMIT,
  INT_TAG,
  LIST_CAPACITY,
  LIST_ITEMS,
  LIST_LENGTH,
  META_TYPE,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TYPE_LIST,
  TYPE_TUPLE,
} from "../../generated/layout.js";
import { indexError, requireIndex, sliceBound } from "../../core/arguments.js";
import { HeapError } from "../../core/errors.js";
import { isU32, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import { Handle, type Ref } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { looksLive, looksLiveOf } from "../access/pointer-check.js";
import { holdAll } from "./hold.js";

// Offsets in words.
const LENGTH = LIST_LENGTH >>> 2;
const ITEMS = LIST_ITEMS >>> 2;
const CAPACITY = LIST_CAPACITY >>> 2;

/** Bytes to ask for when a list cannot grow: only for the message. */
const GROWTH = 8;

/**
 * Lists, which grow as CPython's do. What needs no other buffer is done here, without a call. Bounds that were checked are cut
 * to the list's length once more wherever host code may have run since. All methods throw
 * `ERR_HEAP_TYPE` for what is no list, `ERR_HEAP_BAD_POINTER` and `ERR_HEAP_USE_AFTER_FREE` for what is no live object,
 * `ERR_HEAP_RANGE` for an index that does not exist.
 */
export class Lists {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #counts: Counts;
  /** See ObjectMemory.tag. */
  readonly #tag: number;
  // What the hottest methods need, one step away; see ObjectMemory.
  #words!: Int32Array;
  #first = 0;

  /** @internal */
  constructor(memory: ObjectMemory, calls: ObjectCalls, counts: Counts) {
    this.#memory = memory;
    this.#calls = calls;
    this.#counts = counts;
    this.#tag = memory.tag;
    memory.lifecycle.follow(({ views }) => {
      this.#words = views.i32;
      this.#first = memory.first;
    });
  }

  /** Number of items. */
  length(list: Ref): number {
    return this.#length(this.#require("lists.length", list));
  }

  /** The item at `index`, *borrowed*. */
  get(list: Ref, index: number): Ptr {
    const words = this.#words;
    if (typeof list === "number" && looksLiveOf(words, this.#first, list, TYPE_LIST)) {
      const at = list >>> 2;
      if (typeof index === "number" && index >>> 0 === index && index < words[at + LENGTH]!)
        return (words[(words[at + ITEMS]! >>> 2) + index]! >>> 0) as Ptr;
    }
    return this.#getSlow(list, index);
  }

  /** Replaces the item at `index`: takes its own reference to `value`, releases the old one after the store. */
  set(list: Ref, index: number, value: Ref): void {
    const l = this.#require("lists.set", list);
    const v = this.#memory.requireReference("lists.set", value);
    const words = this.#words;
    requireIndex("lists.set", l, index, words[(l >>> 2) + LENGTH]!);
    const slot = (words[(l >>> 2) + ITEMS]! >>> 2) + index;
    const old = words[slot]! >>> 0;
    this.#counts.keep(v);
    words[slot] = v;
    if (old !== 0) this.#counts.drop(old as Ptr);
  }

  /**
   * Adds an item at the end; takes its own reference to `value`.
   * @throws HeapError also `ERR_HEAP_OOM`; the list is as it was
   */
  append(list: Ref, value: Ref): void {
    const words = this.#words;
    const first = this.#first;
    if (
      typeof list === "number" &&
      looksLiveOf(words, first, list, TYPE_LIST) &&
      typeof value === "number" &&
      (looksLive(words, first, value) || ((value & this.#tag) !== 0 && isU32(value)))
    ) {
      const at = list >>> 2;
      const length = words[at + LENGTH]!;
      if (length < words[at + CAPACITY]!) {
        if ((value & INT_TAG) === 0) {
          const count = words[value >>> 2]!;
          if (count < COUNT_LIMIT) words[value >>> 2] = count + 1;
        }
        words[(words[at + ITEMS]! >>> 2) + length] = value;
        words[at + LENGTH] = length + 1;
        return;
      }
    }
    this.#appendSlow(list, value);
  }

  /**
   * Adds the items of a list or tuple, which may be the list itself, or of any iterable; takes its own reference to each.
   * @throws HeapError also `ERR_HEAP_ARGUMENT` for what has no items, `ERR_HEAP_OOM`; the list is as it was
   */
  extend(list: Ref, items: Ref | Iterable<Ref>): void {
    const l = this.#require("lists.extend", list);
    const held = this.#hold(items);
    const memory = this.#memory;
    // What makes room may run host code, which may change the list, or let go of it.
    this.#counts.keep(l);
    try {
      for (;;) {
        const capacity = this.#length(l) + held.length;
        if (capacity <= memory.u32[(l + LIST_CAPACITY) >>> 2]!) break;
        const reserve = (): number => this.#calls.abi.list_reserve(l, capacity);
        this.#calls.do("lists.extend", held.length * 4, reserve, l);
      }
      const { u32 } = memory.fresh();
      const length = this.#length(l);
      u32.set(held, (u32[(l + LIST_ITEMS) >>> 2]! >>> 2) + length);
      u32[(l + LIST_LENGTH) >>> 2] = length + held.length;
    } catch (error) {
      this.#counts.undoKeep(held);
      throw error;
    } finally {
      this.#counts.drop(l);
    }
  }

  /**
   * Adds an item before the one at `index`, which may be the length; takes its own reference to `value`.
   * @throws HeapError also `ERR_HEAP_OOM`; the list is as it was
   */
  insert(list: Ref, index: number, value: Ref): void {
    const l = this.#require("lists.insert", list);
    const v = this.#memory.requireReference("lists.insert", value);
    requireIndex("lists.insert", l, index, this.#length(l) + 1);
    const request = (): number => this.#calls.abi.list_insert(l, Math.min(index, this.#length(l)), v);
    this.#calls.do("lists.insert", GROWTH, request, l, v);
  }

  /** Removes the item at `index`, the last one by default, and hands its reference to the caller: *new*. */
  pop(list: Ref, index?: number): Ptr {
    const words = this.#words;
    if (index === undefined && typeof list === "number" && looksLiveOf(words, this.#first, list, TYPE_LIST)) {
      const at = list >>> 2;
      const left = words[at + LENGTH]! - 1;
      if (left >= 0 && left >= words[at + CAPACITY]! >>> 1) {
        words[at + LENGTH] = left;
        return (words[(words[at + ITEMS]! >>> 2) + left]! >>> 0) as Ptr;
      }
    }
    return this.#popSlow(list, index);
  }

  /**
   * Removes the items from `from` up to `to`, by default the one at `from`, and releases them, the last one first. Two
   * and more, but not all, need memory for their addresses meanwhile.
   * @throws HeapError also `ERR_HEAP_OOM`; the list is as it was
   */
  delete(list: Ref, from: number, to?: number): void {
    const l = this.#require("lists.delete", list);
    const length = this.#length(l);
    requireIndex("lists.delete", l, from, to === from ? length + 1 : length);
    const end = to === undefined ? from + 1 : to;
    requireIndex("lists.delete", l, end, length + 1);
    if (end < from) throw indexError("lists.delete", l, end, length);
    const request = (): number => {
      const left = this.#length(l);
      return this.#calls.abi.list_delete(l, Math.min(from, left), Math.min(end, left));
    };
    this.#calls.do("lists.delete", 0, request, l);
  }

  /**
   * A *new* list of the items from `from` up to `to`; bounds as in `Array.prototype.slice`, but numbers only.
   * @throws HeapError `ERR_HEAP_ARGUMENT` for a bound that is none, `ERR_HEAP_OOM`
   */
  slice(list: Ref, from = 0, to?: number): Ptr {
    const l = this.#require("lists.slice", list);
    const length = this.#length(l);
    const first = sliceBound("lists.slice", from, length);
    const end = Math.max(first, to === undefined ? length : sliceBound("lists.slice", to, length));
    const request = (): number => this.#calls.abi.list_slice(l, first, end);
    return this.#calls.make("lists.slice", (end - first) * 4, request, l);
  }

  /** A reference of the caller's own to each of some items, or to none if one is refused. */
  #hold(items: Ref | Iterable<Ref>): ArrayLike<number> {
    const memory = this.#memory;
    if (typeof items === "number" || items instanceof Handle) {
      const p = memory.require("lists.extend", items);
      const { u32 } = memory;
      const type = u32[(p >>> 2) + 1]! & META_TYPE;
      if (type !== TYPE_LIST && type !== TYPE_TUPLE) {
        const message = "lists.extend: only lists, tuples and iterables have items to add";
        throw new HeapError("ERR_HEAP_TYPE", message, { operation: "lists.extend", ptr: p });
      }
      const isList = type === TYPE_LIST;
      const first = (isList ? u32[(p + LIST_ITEMS) >>> 2]! : p + TUPLE_ITEMS) >>> 2;
      const length = u32[(p + (isList ? LIST_LENGTH : TUPLE_LENGTH)) >>> 2]!;
      const held = u32.slice(first, first + length);
      for (let i = 0; i < length; i++) if (held[i] !== 0) this.#counts.keep(held[i]! as Ptr);
      return held;
    }
    return holdAll(memory, this.#counts, "lists.extend", items);
  }

  // ---- slow paths ----

  #getSlow(list: Ref, index: number): Ptr {
    const l = this.#require("lists.get", list);
    requireIndex("lists.get", l, index, this.#length(l));
    const { u32 } = this.#memory;
    return u32[(u32[(l + LIST_ITEMS) >>> 2]! >>> 2) + index]! as Ptr;
  }

  #appendSlow(list: Ref, value: Ref): void {
    const l = this.#require("lists.append", list);
    const v = this.#memory.requireReference("lists.append", value);
    this.#calls.do("lists.append", GROWTH, () => this.#calls.abi.list_append(l, v), l, v);
  }

  #popSlow(list: Ref, index: number | undefined): Ptr {
    const l = this.#require("lists.pop", list);
    const length = this.#length(l);
    const at = index ?? length - 1;
    if (length === 0) throw indexError("lists.pop", l, at, -1);
    requireIndex("lists.pop", l, at, length);
    return (this.#calls.enter(() => this.#calls.abi.list_pop(l, at)) >>> 0) as Ptr;
  }

  #length(list: Ptr): number {
    return this.#memory.u32[(list + LIST_LENGTH) >>> 2]!;
  }

  #require(operation: string, list: Ref): Ptr {
    return this.#memory.requireType(operation, list, TYPE_LIST, "list");
  }
}
