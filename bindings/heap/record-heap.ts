import {
  COUNT_IMMORTAL,
  COUNT_LIMIT,
  INT_TAG,
  META_DYING,
  META_TYPE,
  TYPE_FIRST,
} from "../generated/layout.js";
import type { ObjectExports } from "../core/abi.js";
import {
  argumentError,
  requireInteger,
  requireNumber,
  requirePtr,
  requireWhole,
  type IntegerKind,
} from "../core/arguments.js";
import type { Core } from "../core/core.js";
import { HeapError, hex } from "../core/errors.js";
import type { Diagnostics } from "../core/diagnostics.js";
import type { Settings } from "../core/options.js";
import { NULL, isTagged, isU32, type Ptr } from "../core/ptr.js";
import type { Counts } from "../objects/access/counts.js";
import { Handle, resolve, type Ref, type Value } from "../objects/access/handle.js";
import type { ObjectCalls } from "../objects/access/object-calls.js";
import { objectDiagnostics } from "../objects/access/object-diagnostics.js";
import type { ObjectMemory } from "../objects/access/object-memory.js";
import { looksLive } from "../objects/access/pointer-check.js";
import { KIND_BITS, OFFSET_BITS, OFFSET_MASK, type Field } from "../objects/types/field.js";
import { KINDS, type ItemKind, type KindFacts } from "../objects/types/kinds.js";
import type { FieldSpec, KnownType, NoFields, Type, TypeOptions } from "../objects/types/type.js";
import type { Types } from "../objects/types/types.js";
import { ByteHeap } from "./byte-heap.js";
import { makeObjectLayer, type ObjectLayer } from "./object-layer.js";

const LIVE_TYPE = META_TYPE | META_DYING;
const {
  ref: REF,
  i8: I8,
  u8: U8,
  i16: I16,
  u16: U16,
  i32: I32,
  u32: U32,
  i64: I64,
  f32: F32,
  f64: F64,
  block: BLOCK,
} = KINDS;

/** The object layer of a heap: for the rest of the bindings and for tests, exported by no entry. */
export let objectLayerOf: (heap: RecordHeap) => ObjectLayer;

/**
 * Counted objects: types, references, fields. The base of `ObjectHeap`.
 *
 * Methods take pointers or handles. *New* references are the caller's to release; *borrowed* ones are good until
 * something is released or made, unless the caller owns a path to them; an argument that is *stolen* is the caller's no
 * more: a handle given there ends, as by `release()`. Besides the codes it names, every method that takes a reference
 * throws `ERR_HEAP_BAD_POINTER` for what is no pointer to an object (null included), `ERR_HEAP_USE_AFTER_FREE` for a dead
 * object, `ERR_HEAP_ARGUMENT` for what is no pointer at all, `ERR_HEAP_FOREIGN_HANDLE` and, for handles,
 * `ERR_HEAP_USE_AFTER_DISPOSE`; what makes something throws `ERR_HEAP_OOM`. With the option `checks: false` pointers are
 * trusted, except for null.
 */
export class RecordHeap extends ByteHeap {
  /** @internal */
  readonly #objectLayer: ObjectLayer;
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #types: Types;
  readonly #counts: Counts;
  // What the hottest methods need, one step away; see ObjectMemory.
  readonly #checked: boolean;
  readonly #tag: number;
  readonly #byId: readonly (KnownType | undefined)[];
  #i32!: Int32Array;
  #first = 0;
  #tryAlloc: ObjectExports["alloc_quick"] | undefined;

  /** @internal Use `createHeap`. */
  constructor(core: Core, settings: Settings, diagnostics: Diagnostics = objectDiagnostics) {
    super(core, settings, diagnostics);
    this.#objectLayer = makeObjectLayer(this.lifecycle, core);
    const { memory, calls, types, counts } = this.#objectLayer;
    this.#memory = memory;
    this.#calls = calls;
    this.#types = types;
    this.#counts = counts;
    this.#checked = memory.checked;
    this.#tag = memory.tag;
    this.#byId = types.byId;
    this.lifecycle.follow(({ views, quick }) => {
      this.#i32 = views.i32;
      this.#first = memory.first;
      this.#tryAlloc = quick?.alloc_quick;
    });
  }

  static {
    objectLayerOf = (heap) => heap.#objectLayer;
  }

  /** @internal Not a property of the heap itself: who prints or compares a heap does not walk through all of it. */
  protected get objectLayer(): ObjectLayer {
    return this.#objectLayer;
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
    const I extends ItemKind | undefined = undefined,
    B extends FieldSpec = NoFields,
  >(options: TypeOptions<F, I, B>): Type<B & F, I> {
    const type = this.#types.define(options as unknown as TypeOptions);
    this.#objectLayer.references.defined(type.id);
    return type as unknown as Type<B & F, I>;
  }

  /**
   * A *new* instance, its fields zero; of a type with items so many of them, zero too.
   * @throws HeapError `ERR_HEAP_TYPE` for a type of another heap or a built-in one, `ERR_HEAP_ARGUMENT` for a count that
   * is no whole number or not wanted, `ERR_HEAP_OOM`
   */
  alloc(type: Type, items = 0): Ptr {
    const id = (type as Type | undefined)?.id ?? 0;
    const isKnown = this.#byId[id] === type && id >= TYPE_FIRST;
    if (!isKnown || (items !== 0 && (type.items === undefined || !isU32(items))))
      this.#refuseAlloc(type, items);
    const tryAlloc = this.#tryAlloc;
    const p = tryAlloc === undefined ? 0 : tryAlloc(id, items);
    return p === 0 ? this.#allocSlow(type, items) : ((p >>> 0) as Ptr);
  }

  /** The type of an object, built-in ones included. */
  typeOf(p: Ref): Type {
    return this.#types.of("typeOf", p);
  }

  // ---- references ----

  /** Takes a reference: the count goes up by one. Immortal objects have no count. (CPython: Py_INCREF) */
  incref(p: Ref): void {
    const words = this.#i32;
    const isFast =
      typeof p === "number" && (this.#checked ? looksLive(words, this.#first, p) : (p & INT_TAG) === 0);
    if (!isFast) return this.#increfSlow(p);
    const count = words[p >>> 2]! | 0;
    if (count < COUNT_LIMIT && count > 0) words[p >>> 2] = count + 1;
    else if (count <= 0) this.#increfSlow(p);
  }

  /**
   * Releases a reference (*steals* it); with the last one the object dies at once, and what it alone held: finalizer,
   * weak references, fields, memory. May run finalizers and callbacks. (CPython: Py_DECREF)
   * @throws HeapError `ERR_HEAP_DOUBLE_FREE` if more is released than was taken; also, naming it, if what died refers to an
   *   object of which that is true: the death is complete then
   */
  decref(p: Ref): void {
    const words = this.#i32;
    const isFast =
      typeof p === "number" && (this.#checked ? looksLive(words, this.#first, p) : (p & INT_TAG) === 0);
    if (!isFast) return this.#decrefSlow(p);
    const count = words[p >>> 2]! | 0;
    if (count > 1 && count < COUNT_LIMIT) words[p >>> 2] = count - 1;
    else if (count === 1) this.#counts.die(p);
    else if (count <= 0) this.#decrefSlow(p);
  }

  /** The number of owned references to an object; from 2³⁰ on it is immortal. */
  refcount(p: Ref): number {
    const words = this.#i32;
    const isFast =
      typeof p === "number" && (this.#checked ? looksLive(words, this.#first, p) : (p & INT_TAG) === 0);
    return isFast ? words[p >>> 2] || this.#refcountSlow(p) : this.#refcountSlow(p);
  }

  /** Whether the object is immortal: shared for good, never released. (PEP 683) */
  isImmortal(p: Ref): boolean {
    return this.#counts.isImmortal(p);
  }

  /** Makes an object immortal; what it holds stays with it. */
  makeImmortal(p: Ref): void {
    this.#counts.makeImmortal(p);
  }

  // ---- fields ----
  // All throw ERR_HEAP_TYPE for a field of another kind or of a type that the object is not of, and those that store a
  // number ERR_HEAP_ARGUMENT for what is none, and ERR_HEAP_RANGE for one that does not fit a field of whole numbers; with
  // `checks: false` it is cut to the field's width, as typed arrays do it. Fractions lose what is behind the point.

  /** Reads a reference: *borrowed*, or 0. */
  getRef(p: Ref, field: Field<"ref">): Ptr {
    const place = this.#place("getRef", p, field, REF);
    return this.#memory.u32[place]! as Ptr;
  }

  /** Stores a reference or null: takes its own reference to `value`, releases the old one after the store. */
  setRef(p: Ref, field: Field<"ref">, value: Value): void {
    const isFast = typeof p === "number" && typeof value === "number";
    const isRefused =
      !isFast ||
      (this.#checked
        ? !(
            this.#hasField(p, field, REF.code) &&
            (value === 0 || looksLive(this.#i32, this.#first, value) || (value & this.#tag) !== 0)
          )
        : p === 0);
    if (isRefused) return this.#setRefSlow(p, field, value);
    const words = this.#i32;
    const slot = (p >>> 2) + (field & OFFSET_MASK);
    const old = words[slot];
    if (old === undefined) return this.#setRefSlow(p, field, value);
    if (value !== 0 && (value & INT_TAG) === 0) {
      const count = words[value >>> 2]! | 0;
      if (count < COUNT_LIMIT) words[value >>> 2] = count + 1;
    }
    words[slot] = value;
    if (old !== 0 && (old & INT_TAG) === 0) {
      const count = words[old >>> 2]! | 0;
      if (count > 1 && count < COUNT_LIMIT) words[old >>> 2] = count - 1;
      else if (count <= 1) this.#counts.die(old as Ptr);
    }
  }

  /** As `setRef`, but *steals* the caller's reference to `value`, unless it throws. */
  stealRef(p: Ref, field: Field<"ref">, value: Value): void {
    const slot = this.#place("stealRef", p, field, REF);
    const isNull = value === null || value === 0;
    this.#store(slot, isNull ? 0 : this.#memory.steal("stealRef", value));
  }

  /** Reads an `i8` field. */
  getI8(p: Ref, field: Field<"i8">): number {
    const place = this.#place("getI8", p, field, I8);
    return this.#memory.i8[place]!;
  }
  /** Writes an `i8` field. */
  setI8(p: Ref, field: Field<"i8">, value: number): void {
    const place = this.#place("setI8", p, field, I8);
    this.#memory.i8[place] = this.#integer("setI8", value, "i8");
  }
  /** Reads a `u8` field. */
  getU8(p: Ref, field: Field<"u8">): number {
    const place = this.#place("getU8", p, field, U8);
    return this.#memory.u8[place]!;
  }
  /** Writes a `u8` field. */
  setU8(p: Ref, field: Field<"u8">, value: number): void {
    const place = this.#place("setU8", p, field, U8);
    this.#memory.u8[place] = this.#integer("setU8", value, "u8");
  }
  /** Reads an `i16` field. */
  getI16(p: Ref, field: Field<"i16">): number {
    const place = this.#place("getI16", p, field, I16);
    return this.#memory.i16[place]!;
  }
  /** Writes an `i16` field. */
  setI16(p: Ref, field: Field<"i16">, value: number): void {
    const place = this.#place("setI16", p, field, I16);
    this.#memory.i16[place] = this.#integer("setI16", value, "i16");
  }
  /** Reads a `u16` field. */
  getU16(p: Ref, field: Field<"u16">): number {
    const place = this.#place("getU16", p, field, U16);
    return this.#memory.u16[place]!;
  }
  /** Writes a `u16` field. */
  setU16(p: Ref, field: Field<"u16">, value: number): void {
    const place = this.#place("setU16", p, field, U16);
    this.#memory.u16[place] = this.#integer("setU16", value, "u16");
  }
  /** Reads an `i32` field. */
  getI32(p: Ref, field: Field<"i32">): number {
    const place = this.#place("getI32", p, field, I32);
    return this.#memory.i32[place]!;
  }
  /** Writes an `i32` field. */
  setI32(p: Ref, field: Field<"i32">, value: number): void {
    const place = this.#place("setI32", p, field, I32);
    this.#memory.i32[place] = this.#integer("setI32", value, "i32");
  }
  /** Reads a `u32` field. */
  getU32(p: Ref, field: Field<"u32">): number {
    const place = this.#place("getU32", p, field, U32);
    return this.#memory.u32[place]!;
  }
  /** Writes a `u32` field. */
  setU32(p: Ref, field: Field<"u32">, value: number): void {
    const place = this.#place("setU32", p, field, U32);
    this.#memory.u32[place] = this.#integer("setU32", value, "u32");
  }
  /** Reads an `i64` field. */
  getI64(p: Ref, field: Field<"i64">): bigint {
    const place = this.#place("getI64", p, field, I64);
    return this.#memory.i64[place]!;
  }
  /** Writes an `i64` field: a whole number. */
  setI64(p: Ref, field: Field<"i64">, value: bigint | number): void {
    const place = this.#place("setI64", p, field, I64);
    this.#memory.i64[place] = requireWhole("setI64", value);
  }
  /** Reads an `f32` field. */
  getF32(p: Ref, field: Field<"f32">): number {
    const place = this.#place("getF32", p, field, F32);
    return this.#memory.f32[place]!;
  }
  /** Writes an `f32` field. */
  setF32(p: Ref, field: Field<"f32">, value: number): void {
    const place = this.#place("setF32", p, field, F32);
    this.#memory.f32[place] = requireNumber("setF32", value);
  }
  /** Reads an `f64` field. */
  getF64(p: Ref, field: Field<"f64">): number {
    const place = this.#place("getF64", p, field, F64);
    return this.#memory.f64[place]!;
  }
  /** Writes an `f64` field. */
  setF64(p: Ref, field: Field<"f64">, value: number): void {
    const place = this.#place("setF64", p, field, F64);
    this.#memory.f64[place] = requireNumber("setF64", value);
  }

  // ---- blocks and bytes that objects own ----

  /** Reads a field of the kind `block`: the object's block, *borrowed*, or 0. */
  getBlock(p: Ref, field: Field<"block">): Ptr {
    const place = this.#place("getBlock", p, field, BLOCK);
    return this.#memory.u32[place]! as Ptr;
  }

  /**
   * Gives the object a block that `malloc` made, or null: *steals* it, and frees the one that it had. The object frees it
   * when it dies; its bytes count towards the next collection. No two fields may have the same block.
   * @throws HeapError as `free` does, if `block` is no live block; nothing has changed then
   */
  setBlock(p: Ref, field: Field<"block">, block: Ptr | null): void {
    const place = this.#place("setBlock", p, field, BLOCK);
    const b = block ?? NULL;
    requirePtr("setBlock", b);
    const old = this.#objectLayer.ownedBlocks.replace("setBlock", place, b);
    if (old !== NULL) this.free(old);
  }

  /** Takes the block out of the field, which is null then: it is the caller's to free, or to `realloc` and give back. 0 if there is none. */
  takeBlock(p: Ref, field: Field<"block">): Ptr {
    const place = this.#place("takeBlock", p, field, BLOCK);
    return this.#objectLayer.ownedBlocks.replace("takeBlock", place, NULL);
  }

  /**
   * Says that an object owns `delta` bytes more, or fewer, outside of itself: a raw block that its finalizer frees, a texture,
   * a typed array. They count towards the next collection until the object dies. The bytes that it owns now. (V8:
   * `AdjustAmountOfExternalAllocatedMemory`)
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `delta` is no whole number, `ERR_HEAP_RANGE` if fewer than 0 bytes would be left
   */
  adjustExternalBytes(p: Ref, delta: number): number {
    return this.#objectLayer.externalBytes.adjust(p, delta);
  }

  // ---- what the methods share ----

  /** Whether `p` is a live object of exactly the type that the field belongs to, and the field of the kind with this code. */
  #hasField(p: Ptr, field: Field, code: number): boolean {
    const key = ((this.#i32[(p >>> 2) + 1]! & LIVE_TYPE) << KIND_BITS) | code;
    return (
      p >>> 0 === p &&
      (p & 7) === 0 &&
      p >= this.#first &&
      typeof field === "number" &&
      key === field >>> OFFSET_BITS
    );
  }

  /** Index of a field in the array of its kind, once it is proved that the object lives and has such a field. */
  #place(operation: string, ref: Ref, field: Field, { code, shift }: KindFacts): number {
    const isFast =
      typeof ref === "number" &&
      (this.#checked ? this.#hasField(ref, field, code) : this.#i32[ref >>> 2]! > 0);
    const p = isFast ? ref : this.#requireOwner(operation, ref, field, code);
    return (p >>> shift) + (field & OFFSET_MASK);
  }

  /** Whether it is a tagged int, which is not counted. */
  #isTagged(ref: Ref): boolean {
    return typeof ref === "number" && (ref & this.#tag) !== 0 && isU32(ref);
  }

  /** A whole number to store; without checks cut to the field's width, as typed arrays do it. */
  #integer(operation: string, value: number, kind: IntegerKind): number {
    if (kind === "i32" && typeof value === "number" && (value | 0) === value) return value;
    return this.#checked ? requireInteger(operation, value, kind) : requireNumber(operation, value);
  }

  // ---- slow paths ----

  #increfSlow(ref: Ref): void {
    if (this.#isTagged(ref)) return;
    this.#counts.keep(this.#memory.requireReference("incref", ref));
  }

  /** With `checks: false` it is for the core to say what is wrong with a count. */
  #decrefSlow(ref: Ref): void {
    if (this.#isTagged(ref)) return;
    const isTrusted = typeof ref === "number" && !this.#checked && !isTagged(ref) && this.#i32.length > 0;
    this.#counts.drop(isTrusted ? ref : this.#memory.steal("decref", ref));
  }

  #refcountSlow(ref: Ref): number {
    const p = this.#memory.requireReference("refcount", ref);
    if (isTagged(p)) return COUNT_IMMORTAL;
    return this.#memory.i32[p >>> 2]!;
  }

  #setRefSlow(p: Ref, field: Field<"ref">, value: Value): void {
    const slot = this.#place("setRef", p, field, REF);
    const v = this.#memory.requireValue("setRef", value);
    if (v !== 0) this.#counts.keep(v);
    this.#store(slot, v);
  }

  #store(slot: number, value: number): void {
    const words = this.#memory.u32;
    const old = words[slot]!;
    words[slot] = value;
    if (old !== 0) this.#counts.drop(old as Ptr);
  }

  /** The object, which may be of a type derived from the one that the field belongs to. */
  #requireOwner(operation: string, ref: Ref, field: Field, code: number): Ptr {
    const p = this.#memory.require(operation, ref);
    if (this.#checked) this.#types.requireField(operation, p, field, code);
    return p;
  }

  #allocSlow(type: Type, items: number): Ptr {
    const request = (): number => this.#calls.abi.alloc(type.id, items);
    return this.#calls.make("alloc", this.#types.bytesOf(type as KnownType, items), request);
  }

  #refuseAlloc(type: unknown, items: unknown): never {
    if (!isU32(items)) throw argumentError("alloc", "items", items, "a number of items");
    const { name } = this.#types.requireRecord("alloc", type);
    throw argumentError("alloc", "items", items, `0: ${name} has no items`);
  }

  /** @internal */
  protected override resolveHandle(operation: string, ref: unknown): Ptr {
    return resolve(this.lifecycle, operation, ref);
  }

  /** @internal What a handle stands for is an object: those end with their counts. */
  protected override refuseAsBlock(operation: string, ref: unknown): void {
    if (!(ref instanceof Handle)) return super.refuseAsBlock(operation, ref);
    const object = resolve(this.lifecycle, operation, ref);
    const message = `${operation}: the handle stands for the object at ${hex(object)}, which is no block of \`malloc\``;
    throw new HeapError("ERR_HEAP_BAD_POINTER", message, { operation, ptr: object });
  }
}
