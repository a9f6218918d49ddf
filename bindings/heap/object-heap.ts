import { COUNT_LIMIT, META_DYING, META_TYPE, TYPE_FIRST } from "../generated/layout.js";
import { ByteHeap } from "./byte-heap.js";
import type { Core } from "../core/core.js";
import type { ObjectExports } from "../core/abi.js";
import type { Counts } from "../objects/access/counts.js";
import type { Dicts } from "../objects/values/dicts.js";
import { KIND_BITS, OFFSET_BITS, OFFSET_MASK, type Field } from "../objects/access/field.js";
import type { Fields, Value } from "../objects/access/fields.js";
import { fromJS } from "../objects/values/from-js.js";
import { freeLists, type FreeListCount } from "../objects/types/free-lists.js";
import type { JSValue } from "../objects/values/js-value.js";
import { KINDS, type FieldKind } from "../objects/types/kinds.js";
import { isLive } from "../objects/access/pointer-check.js";
import type { Lists } from "../objects/values/lists.js";
import { assemble, type Parts } from "../objects/object-layer.js";
import type { Numbers } from "../objects/values/numbers.js";
import type { Ref, Space } from "../objects/access/object-memory.js";
import type { Strs } from "../objects/values/strs.js";
import { toJS } from "../objects/values/to-js.js";
import type { Tuples } from "../objects/values/tuples.js";
import type { FieldSpec, KnownType, NoFields, Type, TypeOptions, Types } from "../objects/types/types.js";
import { argumentError } from "../objects/access/object-memory.js";
import { NULL, isU32, type Ptr } from "../core/ptr.js";
import type { Settings } from "../core/options.js";
import { plainWitness, type Witness } from "../core/diagnostics.js";

// Imported constants are read from memory at every use, a module's own are part of the code.
const IMMORTAL = COUNT_LIMIT;
const LIFE = META_TYPE | META_DYING;
const FIRST_ID = TYPE_FIRST;
const OFFSET = OFFSET_MASK;
const TO_KIND = OFFSET_BITS;
const KIND_WIDTH = KIND_BITS;
const REF = KINDS.ref.code;

/** The parts of a heap's object layer: for the rest of the bindings and for tests, exported by no entry. */
export let partsOf: (heap: ObjectHeap) => Parts;

/**
 * Counted objects: types, references, fields, built-in values. The base of `Heap`.
 *
 * Methods take pointers or handles. *New* references are the caller's to release; *borrowed* ones are good until
 * something is released or made, unless the caller owns a path to them; an argument that is *stolen* is the caller's no
 * more: a handle given there ends, as by `release()`. Besides the codes it names, every method that takes a reference
 * throws `ERR_HEAP_BAD_POINTER` for what is no pointer to an object (null included), `ERR_HEAP_USE_AFTER_FREE` for a dead
 * object, `ERR_HEAP_ARGUMENT` for what is no pointer at all, `ERR_HEAP_FOREIGN_HANDLE` and, for handles,
 * `ERR_HEAP_USE_AFTER_DISPOSE`; what makes something throws `ERR_HEAP_OOM`. With the option `checks: false` pointers are
 * trusted, except for null.
 */
export class ObjectHeap extends ByteHeap {
  readonly #parts: Parts;
  readonly #space: Space;
  readonly #types: Types;
  readonly #counts: Counts;
  readonly #fields: Fields;
  // What the hottest methods need, one step away; see Space.
  readonly #checked: boolean;
  readonly #byId: readonly (KnownType | undefined)[];
  #i32!: Int32Array;
  #u32!: Uint32Array;
  /** No object lies below. */
  #first = 0;
  readonly #numbers: Numbers;
  // undefined while the heap is closed or not started, and not guarded instead: an engine inlines a call that has
  // never had but one target.
  #allocQuick: ObjectExports["alloc_quick"] | undefined;

  /** @internal Use `createHeap`. */
  constructor(core: Core, settings: Settings, witness: Witness = plainWitness) {
    super(core, settings, witness);
    this.#parts = assemble(this.engine, core);
    const { space, types, counts, fields, numbers } = this.#parts;
    this.#space = space;
    this.#types = types;
    this.#counts = counts;
    this.#fields = fields;
    this.#checked = space.checked;
    this.#byId = types.byId;
    this.#numbers = numbers;
    space.follow(() => {
      this.#i32 = space.i32;
      this.#u32 = space.u32;
      this.#first = space.first;
      const quick = space.direct ? space.abi : undefined;
      this.#allocQuick = quick?.alloc_quick;
    });
  }

  static {
    partsOf = (heap) => heap.#parts;
  }

  // ---- types and records ----

  /**
   * A *new* type of records. Types live as long as the heap. An instance has a header of 8 bytes, then the base's
   * fields, then its own in the order given, each at a multiple of its width.
   * @throws HeapError `ERR_HEAP_ARGUMENT` for an option, `ERR_HEAP_TYPE` for a base of another heap or one that cannot be
   * extended (built in, or with items), `ERR_HEAP_RANGE` if an instance or the number of types gets too large,
   * `ERR_HEAP_OOM`
   */
  defineType<
    const F extends FieldSpec = NoFields,
    const I extends FieldKind | undefined = undefined,
    B extends FieldSpec = NoFields,
  >(options: TypeOptions<F, I, B>): Type<B & F, I> {
    return this.#types.define(options as unknown as TypeOptions) as unknown as Type<B & F, I>;
  }

  /**
   * A *new* instance, its fields zero; of a type with items so many of them, zero too.
   * @throws HeapError `ERR_HEAP_TYPE` for a type of another heap or a built-in one, `ERR_HEAP_ARGUMENT` for a count that
   * is no whole number or not wanted, `ERR_HEAP_OOM`
   */
  alloc(type: Type, items = 0): Ptr {
    const id = (type as Type | undefined)?.id ?? 0;
    const isKnown = this.#byId[id] === type && id >= FIRST_ID;
    if (!isKnown || (items !== 0 && (type.items === undefined || !isU32(items))))
      this.#refuseAlloc(type, items);
    const quick = this.#allocQuick;
    const p = quick === undefined ? 0 : quick(id, items);
    return p === 0 ? this.#allocSlowly(type, items) : ((p >>> 0) as Ptr);
  }

  /** The type of an object, built-in ones included. */
  typeOf(p: Ref): Type {
    return this.#types.of("typeOf", p);
  }

  // ---- references ----

  /** Takes a reference: the count goes up by one. Immortal objects have no count. (CPython: Py_INCREF) */
  incref(p: Ref): void {
    if (typeof p === "number" && !(this.#checked && !this.#live(p))) {
      const counts = this.#i32;
      const count = counts[p >>> 2]! | 0;
      if (count < IMMORTAL && count > 0) counts[p >>> 2] = count + 1;
      else if (count <= 0) this.#counts.incref(p);
    } else {
      this.#counts.incref(p);
    }
  }

  /**
   * Releases a reference (*steals* it); with the last one the object dies at once, and what it alone held: finalizer,
   * weak references, fields, memory. May run finalizers and callbacks. (CPython: Py_DECREF)
   * @throws HeapError `ERR_HEAP_DOUBLE_FREE` if more is released than was taken
   */
  decref(p: Ref): void {
    if (typeof p === "number" && !(this.#checked && !this.#live(p))) {
      const counts = this.#i32;
      const count = counts[p >>> 2]! | 0;
      if (count > 1 && count < IMMORTAL) counts[p >>> 2] = count - 1;
      else if (count === 1) this.#die(p);
      else if (count <= 0) this.#counts.decref(p);
    } else {
      this.#counts.decref(p);
    }
  }

  /** The number of owned references to an object; from 2³⁰ on it is immortal. */
  refcount(p: Ref): number {
    if (typeof p !== "number" || (this.#checked && !this.#live(p))) return this.#counts.refcount(p);
    return this.#i32[p >>> 2] || this.#counts.refcount(p);
  }

  /** Is the object immortal: shared for good, never released? (PEP 683) */
  isImmortal(p: Ref): boolean {
    return this.#counts.isImmortal(p);
  }

  /** Makes an object immortal; what it holds stays with it. */
  makeImmortal(p: Ref): void {
    this.#counts.makeImmortal(p);
  }

  // ---- fields ----
  // All throw ERR_HEAP_TYPE for a field of another kind or of a type that the object is not of, and those that store a
  // number ERR_HEAP_ARGUMENT for what is none. Numbers are cut to the field's width, as typed arrays do it.

  /** Reads a reference: *borrowed*, or 0. */
  getRef(p: Ref, field: Field<"ref">): Ptr {
    if (typeof p !== "number" || (this.#checked && !this.#hasRef(p, field)))
      return this.#fields.getRef(p, field);
    return (this.#u32[(p >>> 2) + (field & OFFSET)] ?? this.#fields.getRef(p, field)) as Ptr;
  }

  /** Stores a reference or null: takes its own reference to `value`, releases the old one after the store. */
  setRef(p: Ref, field: Field<"ref">, value: Value): void {
    const isFast = typeof p === "number" && typeof value === "number";
    const isRefused =
      !isFast || (this.#checked ? !(this.#hasRef(p, field) && (value === 0 || this.#live(value))) : p === 0);
    if (isRefused) return this.#fields.setRef(p, field, value);
    const words = this.#i32;
    const slot = (p >>> 2) + (field & OFFSET);
    const old = words[slot];
    if (old === undefined) return this.#fields.setRef(p, field, value);
    if (value !== 0) {
      const count = words[value >>> 2]! | 0;
      if (count < IMMORTAL) words[value >>> 2] = count + 1;
    }
    words[slot] = value;
    if (old !== 0) {
      const count = words[old >>> 2]! | 0;
      if (count > 1 && count < IMMORTAL) words[old >>> 2] = count - 1;
      else if (count <= 1) this.#die(old as Ptr);
    }
  }

  /** As `setRef`, but *steals* the caller's reference to `value`, unless it throws. */
  stealRef(p: Ref, field: Field<"ref">, value: Value): void {
    this.#fields.stealRef(p, field, value);
  }

  /** Reads an `i8` field. */
  getI8(p: Ref, field: Field<"i8">): number {
    return this.#fields.getI8(p, field);
  }
  /** Writes an `i8` field. */
  setI8(p: Ref, field: Field<"i8">, value: number): void {
    this.#fields.setI8(p, field, value);
  }
  /** Reads an `u8` field. */
  getU8(p: Ref, field: Field<"u8">): number {
    return this.#fields.getU8(p, field);
  }
  /** Writes an `u8` field. */
  setU8(p: Ref, field: Field<"u8">, value: number): void {
    this.#fields.setU8(p, field, value);
  }
  /** Reads an `i16` field. */
  getI16(p: Ref, field: Field<"i16">): number {
    return this.#fields.getI16(p, field);
  }
  /** Writes an `i16` field. */
  setI16(p: Ref, field: Field<"i16">, value: number): void {
    this.#fields.setI16(p, field, value);
  }
  /** Reads an `u16` field. */
  getU16(p: Ref, field: Field<"u16">): number {
    return this.#fields.getU16(p, field);
  }
  /** Writes an `u16` field. */
  setU16(p: Ref, field: Field<"u16">, value: number): void {
    this.#fields.setU16(p, field, value);
  }
  /** Reads an `i32` field. */
  getI32(p: Ref, field: Field<"i32">): number {
    return this.#fields.getI32(p, field);
  }
  /** Writes an `i32` field. */
  setI32(p: Ref, field: Field<"i32">, value: number): void {
    this.#fields.setI32(p, field, value);
  }
  /** Reads an `u32` field. */
  getU32(p: Ref, field: Field<"u32">): number {
    return this.#fields.getU32(p, field);
  }
  /** Writes an `u32` field. */
  setU32(p: Ref, field: Field<"u32">, value: number): void {
    this.#fields.setU32(p, field, value);
  }
  /** Reads an `i64` field. */
  getI64(p: Ref, field: Field<"i64">): bigint {
    return this.#fields.getI64(p, field);
  }
  /** Writes an `i64` field: a whole number. */
  setI64(p: Ref, field: Field<"i64">, value: bigint | number): void {
    this.#fields.setI64(p, field, value);
  }
  /** Reads an `f32` field. */
  getF32(p: Ref, field: Field<"f32">): number {
    return this.#fields.getF32(p, field);
  }
  /** Writes an `f32` field. */
  setF32(p: Ref, field: Field<"f32">, value: number): void {
    this.#fields.setF32(p, field, value);
  }
  /** Reads an `f64` field. */
  getF64(p: Ref, field: Field<"f64">): number {
    return this.#fields.getF64(p, field);
  }
  /** Writes an `f64` field. */
  setF64(p: Ref, field: Field<"f64">, value: number): void {
    this.#fields.setF64(p, field, value);
  }

  // ---- items ----

  /**
   * Number of items of a record, tuple, list or bytes; code units of a str, entries of a dict.
   * @throws HeapError `ERR_HEAP_TYPE` if it has none
   */
  length(p: Ref): number {
    return this.#parts.items.length(p);
  }

  /**
   * An item: a *borrowed* reference (or 0), or a number.
   * @throws HeapError `ERR_HEAP_RANGE`, `ERR_HEAP_TYPE` if it has no items
   */
  getItem<T extends number | bigint = Ptr>(p: Ref, index: number): T {
    return this.#parts.items.get(p, index) as T;
  }

  /**
   * Stores an item; takes its own reference to `value`, if it is one, and releases the old one after the store.
   * @throws HeapError `ERR_HEAP_RANGE`, `ERR_HEAP_TYPE` if it has no items
   */
  setItem(p: Ref, index: number, value: Value | number | bigint): void {
    this.#parts.items.set(p, index, value);
  }

  // ---- built-in values ----

  /** None: a *new* reference, as it is immortal. */
  get none(): Ptr {
    return this.#parts.values.none;
  }
  /** True: a *new* reference, as it is immortal. */
  get true(): Ptr {
    return this.#parts.values.bool(true);
  }
  /** False: a *new* reference, as it is immortal. */
  get false(): Ptr {
    return this.#parts.values.bool(false);
  }

  /**
   * A *new* reference to an int of 64 bits; −5 … 256 are shared and immortal.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if it is no whole number, `ERR_HEAP_RANGE` if it does not fit, `ERR_HEAP_OOM`
   */
  int(value: number | bigint): Ptr {
    const p = typeof value === "number" ? this.#numbers.int(value) : NULL;
    return p === 0 ? this.#parts.values.intCalling(value) : p;
  }

  /** A *new* float. */
  float(value: number): Ptr {
    const p = typeof value === "number" ? this.#numbers.float(value) : NULL;
    return p === 0 ? this.#parts.values.floatCalling(value) : p;
  }

  /** A *new* reference to a str of the same UTF-16 code units; the empty one and single Latin-1 characters are shared. */
  str(value: string): Ptr {
    return this.#parts.values.str(value);
  }

  /** A *new* reference to the one str of this text that all who intern it share. Takes a string, or a str. */
  intern(value: string | Ref): Ptr {
    return this.#parts.values.intern(value);
  }

  /** A *new* bytes object with a copy of `value`. */
  bytesObject(value: Uint8Array): Ptr {
    return this.#parts.values.bytes(value);
  }

  /** A *new* tuple; takes its own reference to each item. The empty one is shared. */
  tuple(items: Iterable<Ref>): Ptr {
    return this.#parts.values.tuple(items);
  }

  /** A *new* list; takes its own reference to each item. */
  list(items?: Iterable<Ref>): Ptr {
    return this.#parts.values.list(items);
  }

  /** A *new* dict; takes its own references to keys and values. */
  dict(entries?: Iterable<readonly [key: Ref, value: Ref]>): Ptr {
    return this.#parts.values.dict(entries);
  }

  /** The methods of lists. */
  get lists(): Lists {
    return this.#parts.lists;
  }
  /** The methods of dicts. */
  get dicts(): Dicts {
    return this.#parts.dicts;
  }
  /** The methods of tuples. */
  get tuples(): Tuples {
    return this.#parts.tuples;
  }
  /** The methods of strs. */
  get strs(): Strs {
    return this.#parts.strs;
  }

  /**
   * A built-in value as JavaScript has it: None null, int number (bigint beyond 2⁵³), bytes Uint8Array, tuple and list
   * array, dict Map. What occurs twice, or within itself, does so in the result. Keys that a dict tells apart and a Map
   * does not, such as an int 1 and a float 1, become one entry, with the value of the last of them.
   * @throws HeapError `ERR_HEAP_TYPE` for records and weak references
   */
  toJS(p: Ref): JSValue {
    return toJS(this.#parts, p);
  }

  /**
   * A *new* reference to the counterpart of a JavaScript value: safe integers (but −0) and bigints become int, other
   * numbers float, Uint8Array bytes, arrays list, Maps and plain objects dict. What occurs twice, or within itself,
   * does so in the result; a handle stands for its object. If it throws, nothing is left behind.
   * @throws HeapError `ERR_HEAP_TYPE` for what has no counterpart, `ERR_HEAP_RANGE` for an integer beyond 64 bits,
   * `ERR_HEAP_OOM`
   */
  fromJS(value: unknown): Ptr {
    return fromJS(this.#parts, value);
  }

  // ---- private free lists ----

  /** Dead objects that wait for reuse: a *new* array, an entry for each type that has any. Walks them. */
  freeLists(): FreeListCount[] {
    this.engine.live();
    return freeLists(this.#space, this.#types);
  }

  /** Empties the private free lists of all types. A full collection does so too. */
  clearFreeLists(): void {
    this.engine.live();
    if (this.#space.started) this.#space.enter(() => this.#space.abi.clear_free_lists(0));
  }

  // ---- what the hot methods share ----

  #live(p: Ptr): boolean {
    return isLive(this.#i32, this.#first, p);
  }

  /** Is `p` a live object of exactly the type that the reference field belongs to? */
  #hasRef(p: Ptr, field: Field): boolean {
    const key = ((this.#i32[(p >>> 2) + 1]! & LIFE) << KIND_WIDTH) | REF;
    return (
      p >>> 0 === p &&
      (p & 7) === 0 &&
      p >= this.#first &&
      typeof field === "number" &&
      key === field >>> TO_KIND
    );
  }

  /** The last reference goes. */
  #die(p: Ptr): void {
    if (!this.#numbers.death(p)) this.#counts.drop(p);
  }

  // ---- slow paths ----

  #allocSlowly(type: Type, items: number): Ptr {
    const space = this.#space;
    const request = (): number => space.abi.alloc(type.id, items);
    return space.made(space.enter(request), "alloc", this.#types.bytesOf(type as KnownType, items), request);
  }

  #refuseAlloc(type: unknown, items: unknown): never {
    if (!isU32(items)) throw argumentError("alloc", "items", items, "a number of items");
    const { name } = this.#types.requireRecord("alloc", type);
    throw argumentError("alloc", "items", items, `0: ${name} has no items`);
  }
}
