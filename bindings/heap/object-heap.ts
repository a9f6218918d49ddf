import { META_TYPE, TYPE_FLOAT, TYPE_INT, VALUE } from "../generated/layout.js";
import { argumentError } from "../core/arguments.js";
import type { Core } from "../core/core.js";
import type { Diagnostics } from "../core/diagnostics.js";
import type { Views } from "../core/memory.js";
import type { Settings } from "../core/options.js";
import { NULL, isU32, type Ptr } from "../core/ptr.js";
import type { Ref, Value } from "../objects/access/handle.js";
import type { Numbers } from "../objects/access/numbers.js";
import { looksLive, looksLiveOf } from "../objects/access/pointer-check.js";
import { kindName, kindOf, offsetOf, type Field } from "../objects/types/field.js";
import { freeLists, type FreeListCount } from "../objects/types/free-lists.js";
import type { Dicts } from "../objects/values/dicts.js";
import { fromJS } from "../objects/values/from-js.js";
import type { JSValue } from "../objects/values/js-value.js";
import type { Lists } from "../objects/values/lists.js";
import type { Strs } from "../objects/values/strs.js";
import { readFloat, readInt } from "../objects/values/scalars.js";
import { toJS } from "../objects/values/to-js.js";
import type { Tuples } from "../objects/values/tuples.js";
import type { Values } from "../objects/values/values.js";
import { RecordHeap } from "./record-heap.js";

/** Built-in values: numbers, strings, containers; and the items that objects have. The base of `Heap`. */
export class ObjectHeap extends RecordHeap {
  // What the hottest readers need, one step away; see ObjectMemory.
  #words!: Int32Array;
  #doubles!: Float64Array;
  #first = 0;
  readonly #tag: number;
  readonly #numbers: Numbers;
  readonly #values: Values;
  readonly #lists: Lists;
  readonly #dicts: Dicts;
  readonly #strs: Strs;

  /** @internal Use `createHeap`. */
  constructor(core: Core, settings: Settings, diagnostics?: Diagnostics) {
    super(core, settings, diagnostics);
    const { memory, numbers, values, lists, dicts, strs } = this.objectLayer;
    this.#tag = memory.tag;
    this.#numbers = numbers;
    this.#values = values;
    this.#lists = lists;
    this.#dicts = dicts;
    this.#strs = strs;
    this.lifecycle.follow(({ views }) => {
      this.#words = views.i32;
      this.#doubles = views.f64;
      this.#first = memory.first;
    });
  }

  // ---- reading without dispatch ----

  /**
   * What kind of value an object is: for built-in ones a number of `Kind`, for records the id of their type. One load and
   * one test.
   */
  kindOf(p: Ref): number {
    if (typeof p === "number") {
      if ((p & this.#tag) !== 0 && isU32(p)) return TYPE_INT;
      if (looksLive(this.#words, this.#first, p)) return this.#words[(p >>> 2) + 1]! & META_TYPE;
    }
    return this.objectLayer.types.of("kindOf", p).id;
  }

  /**
   * The value of an int or a bool: a number; a bigint beyond ±2⁵³, as `toJS` has it.
   * @throws HeapError `ERR_HEAP_TYPE` for any other object
   */
  intValue<T extends number | bigint = number>(p: Ref): T {
    if (typeof p === "number" && (p & this.#tag) !== 0 && isU32(p)) return (p >> 1) as T;
    if (typeof p === "number" && looksLiveOf(this.#words, this.#first, p, TYPE_INT)) {
      const low = this.#words[(p + VALUE) >>> 2]!;
      if (this.#words[((p + VALUE) >>> 2) + 1] === low >> 31) return low as T;
    }
    return readInt(this.objectLayer, "intValue", p) as T;
  }

  /**
   * The value of a float.
   * @throws HeapError `ERR_HEAP_TYPE` for any other object
   */
  floatValue(p: Ref): number {
    return typeof p === "number" && looksLiveOf(this.#words, this.#first, p, TYPE_FLOAT)
      ? this.#doubles[(p + VALUE) >>> 3]!
      : readFloat(this.objectLayer, "floatValue", p);
  }

  /**
   * Bytes from an object's start to a field. With {@link views} it is all that compiled code needs to read the field:
   * `views.u32[(p + offset) >>> 2]` for a reference.
   */
  fieldOffset(field: Field): number {
    if (typeof field === "number" && kindName(kindOf(field)) !== undefined) return offsetOf(field);
    throw argumentError("fieldOffset", "field", field, "a field of a type");
  }

  /**
   * Typed arrays over the linear memory, in an object that is the same for the life of the heap. Growth of the memory and
   * `trim()` replace the arrays in it: who keeps one finds its length 0 then, and its elements `undefined`. Any call that
   * takes memory may grow it.
   */
  get views(): Views {
    this.lifecycle.live().linear.refreshIfStale();
    return this.lifecycle.views;
  }

  // ---- items ----

  /**
   * Number of items of a record, tuple, list or bytes; code units of a str, entries of a dict.
   * @throws HeapError `ERR_HEAP_TYPE` if it has none
   */
  length(p: Ref): number {
    return this.objectLayer.items.length(p);
  }

  /**
   * An item: a *borrowed* reference (or 0), or a number.
   * @throws HeapError `ERR_HEAP_RANGE`, `ERR_HEAP_TYPE` if it has no items
   */
  getItem<T extends number | bigint = Ptr>(p: Ref, index: number): T {
    return this.objectLayer.items.get(p, index) as T;
  }

  /**
   * Stores an item; takes its own reference to `value`, if it is one, and releases the old one after the store.
   * @throws HeapError `ERR_HEAP_RANGE`, `ERR_HEAP_TYPE` if it has no items
   */
  setItem(p: Ref, index: number, value: Value | number | bigint): void {
    this.objectLayer.items.set(p, index, value);
  }

  /**
   * Releases references, the last one first: those of an array, or those in `count` words of memory from an address on,
   * which are null then. What is null is passed over. If one is refused nothing is released.
   * @throws HeapError `ERR_HEAP_ARGUMENT` for an address that is no multiple of 4, `ERR_HEAP_RANGE`
   */
  releaseRange(refs: ArrayLike<Value>): void;
  releaseRange(address: number, count: number): void;
  releaseRange(first: ArrayLike<Value> | number, count?: number): void {
    const { ranges } = this.objectLayer;
    if (typeof first === "number") ranges.releaseWords(first, count!);
    else ranges.releaseAll(first);
  }

  /**
   * Moves the references in `count` words of memory to others; the ranges may overlap. No count moves: what the words
   * `to` held before is released, and those of `from` are null then, where they are not among `to`.
   * @throws HeapError `ERR_HEAP_ARGUMENT` for an address that is no multiple of 4, `ERR_HEAP_RANGE`
   */
  moveRange(to: number, from: number, count: number): void {
    this.objectLayer.ranges.move(to, from, count);
  }

  // ---- built-in values ----

  /** None: a *new* reference, as it is immortal. */
  get none(): Ptr {
    return this.#values.none;
  }
  /** True: a *new* reference, as it is immortal. */
  get true(): Ptr {
    return this.#values.bool(true);
  }
  /** False: a *new* reference, as it is immortal. */
  get false(): Ptr {
    return this.#values.bool(false);
  }

  /**
   * A *new* reference to an int of 64 bits; −5 … 256 are shared and immortal. With the option `taggedInts` the reference
   * is the int itself, from −2³⁰ to 2³⁰ − 1.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if it is no whole number, `ERR_HEAP_RANGE` if it does not fit, `ERR_HEAP_OOM`
   */
  int(value: number | bigint): Ptr {
    const p = typeof value === "number" ? this.#numbers.int(value) : NULL;
    return p === 0 ? this.#values.intCalling(value) : p;
  }

  /** A *new* float. */
  float(value: number): Ptr {
    const p = typeof value === "number" ? this.#numbers.float(value) : NULL;
    return p === 0 ? this.#values.floatCalling(value) : p;
  }

  /** A *new* reference to a str of the same UTF-16 code units; the empty one and single Latin-1 characters are shared. */
  str(value: string): Ptr {
    return this.#values.str(value);
  }

  /** A *new* reference to the one str of this text that all who intern it share. Takes a string, or a str. */
  intern(value: string | Ref): Ptr {
    return this.#values.intern(value);
  }

  /** A *new* bytes object with a copy of `value`. */
  bytesObject(value: Uint8Array): Ptr {
    return this.#values.bytes(value);
  }

  /** A *new* tuple; takes its own reference to each item. The empty one is shared. */
  tuple(items: Iterable<Ref>): Ptr {
    return this.#values.tuple(items);
  }

  /** A *new* list; takes its own reference to each item. */
  list(items?: Iterable<Ref>): Ptr {
    return this.#values.list(items);
  }

  /** A *new* dict; takes its own references to keys and values. */
  dict(entries?: Iterable<readonly [key: Ref, value: Ref]>): Ptr {
    return this.#values.dict(entries);
  }

  /** The methods of lists. */
  get lists(): Lists {
    return this.#lists;
  }
  /** The methods of dicts. */
  get dicts(): Dicts {
    return this.#dicts;
  }
  /** The methods of tuples. */
  get tuples(): Tuples {
    return this.objectLayer.tuples;
  }
  /** The methods of strs. */
  get strs(): Strs {
    return this.#strs;
  }

  /**
   * A built-in value as JavaScript has it: None null, int number (bigint beyond 2⁵³), bytes Uint8Array, tuple and list
   * array, dict Map. What occurs twice, or within itself, does so in the result. Keys that a dict tells apart and a Map
   * does not, such as an int 1 and a float 1, become one entry, with the value of the last of them.
   * @throws HeapError `ERR_HEAP_TYPE` for records and weak references
   */
  toJS(p: Ref): JSValue {
    return toJS(this.objectLayer, p);
  }

  /**
   * A *new* reference to the counterpart of a JavaScript value: safe integers (but −0) and bigints become int, other
   * numbers float, Uint8Array bytes, arrays list, Maps and plain objects dict. What occurs twice, or within itself,
   * does so in the result; a handle stands for its object. If it throws, nothing is left behind.
   * @throws HeapError `ERR_HEAP_TYPE` for what has no counterpart, `ERR_HEAP_RANGE` for an integer beyond 64 bits,
   * `ERR_HEAP_OOM`
   */
  fromJS(value: unknown): Ptr {
    return fromJS(this.objectLayer, value);
  }

  // ---- private free lists ----

  /** Dead objects that wait for reuse: a *new* array, an entry for each type that has any. Walks them. */
  freeLists(): FreeListCount[] {
    this.lifecycle.live();
    return freeLists(this.objectLayer.memory, this.objectLayer.types);
  }

  /** Empties the private free lists of all types. A full collection does so too. */
  clearFreeLists(): void {
    this.lifecycle.live();
    const { calls } = this.objectLayer;
    if (this.lifecycle.hasObjectLayer) calls.enter(() => calls.abi.clear_free_lists(0));
  }
}
