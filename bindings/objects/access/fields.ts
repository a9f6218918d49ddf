import { META_DYING, META_TYPE } from "../../generated/layout.js";
import { HeapError, hex, show } from "../../core/errors.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { Counts } from "./counts.js";
import { KIND_BITS, OFFSET_BITS, OFFSET_MASK, TYPE_SHIFT, kindName, kindOf, type Field } from "./field.js";
import { requireNumber, requireWhole } from "./items.js";
import { KINDS, type FieldKind } from "../types/kinds.js";
import type { Ref, Space } from "./object-memory.js";
import type { Types } from "../types/types.js";

/** A reference to store: null is one. */
export type Value = Ref | null;

// Imported constants are read from memory at every use, a module's own are part of the code.
const LIFE = META_TYPE | META_DYING;
const TO_TYPE = TYPE_SHIFT;
const TO_KIND = OFFSET_BITS;
const KIND_WIDTH = KIND_BITS;
const OFFSET = OFFSET_MASK;
const SHIFT_1 = KINDS.i16.shift;
const SHIFT_2 = KINDS.ref.shift;
const SHIFT_3 = KINDS.f64.shift;
const REF = KINDS.ref.code;
const I8 = KINDS.i8.code;
const U8 = KINDS.u8.code;
const I16 = KINDS.i16.code;
const U16 = KINDS.u16.code;
const I32 = KINDS.i32.code;
const U32 = KINDS.u32.code;
const I64 = KINDS.i64.code;
const F32 = KINDS.f32.code;
const F64 = KINDS.f64.code;

/**
 * Fields of records, read and written on the cached arrays. With checks on, every access proves that the object lives,
 * that the field is of the kind and of the object's type or a base of it.
 */
export class Fields {
  readonly #space: Space;
  readonly #counts: Counts;
  readonly #types: Types;

  constructor(space: Space, counts: Counts, types: Types) {
    this.#space = space;
    this.#counts = counts;
    this.#types = types;
  }

  // ---- references ----

  getRef(ref: Ref, field: Field<"ref">): Ptr {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getRef", ref);
    this.#access("getRef", p, field, REF);
    return this.#space.u32[(p >>> SHIFT_2) + (field & OFFSET)]! as Ptr;
  }

  setRef(ref: Ref, field: Field<"ref">, value: Value): void {
    const space = this.#space;
    const p = typeof ref === "number" ? ref : space.resolve("setRef", ref);
    this.#access("setRef", p, field, REF);
    const v = typeof value === "number" ? value : space.resolveValue("setRef", value);
    if (v !== 0) this.#counts.incref(v);
    const slot = (p >>> SHIFT_2) + (field & OFFSET);
    const old = space.u32[slot]!;
    space.u32[slot] = v;
    if (old !== 0) this.#counts.drop(old as Ptr);
  }

  stealRef(ref: Ref, field: Field<"ref">, value: Value): void {
    const space = this.#space;
    const p = typeof ref === "number" ? ref : space.resolve("stealRef", ref);
    this.#access("stealRef", p, field, REF);
    const v = value === null || value === 0 ? NULL : space.steal("stealRef", value);
    const slot = (p >>> SHIFT_2) + (field & OFFSET);
    const old = space.u32[slot]!;
    space.u32[slot] = v;
    if (old !== 0) this.#counts.drop(old as Ptr);
  }

  // ---- numbers ----

  getI8(ref: Ref, field: Field<"i8">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getI8", ref);
    this.#access("getI8", p, field, I8);
    return this.#space.i8[(p >>> 0) + (field & OFFSET)]!;
  }

  setI8(ref: Ref, field: Field<"i8">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setI8", ref);
    this.#access("setI8", p, field, I8);
    this.#space.i8[(p >>> 0) + (field & OFFSET)] = requireNumber("setI8", value);
  }

  getU8(ref: Ref, field: Field<"u8">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getU8", ref);
    this.#access("getU8", p, field, U8);
    return this.#space.u8[(p >>> 0) + (field & OFFSET)]!;
  }

  setU8(ref: Ref, field: Field<"u8">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setU8", ref);
    this.#access("setU8", p, field, U8);
    this.#space.u8[(p >>> 0) + (field & OFFSET)] = requireNumber("setU8", value);
  }

  getI16(ref: Ref, field: Field<"i16">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getI16", ref);
    this.#access("getI16", p, field, I16);
    return this.#space.i16[(p >>> SHIFT_1) + (field & OFFSET)]!;
  }

  setI16(ref: Ref, field: Field<"i16">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setI16", ref);
    this.#access("setI16", p, field, I16);
    this.#space.i16[(p >>> SHIFT_1) + (field & OFFSET)] = requireNumber("setI16", value);
  }

  getU16(ref: Ref, field: Field<"u16">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getU16", ref);
    this.#access("getU16", p, field, U16);
    return this.#space.u16[(p >>> SHIFT_1) + (field & OFFSET)]!;
  }

  setU16(ref: Ref, field: Field<"u16">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setU16", ref);
    this.#access("setU16", p, field, U16);
    this.#space.u16[(p >>> SHIFT_1) + (field & OFFSET)] = requireNumber("setU16", value);
  }

  getI32(ref: Ref, field: Field<"i32">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getI32", ref);
    this.#access("getI32", p, field, I32);
    return this.#space.i32[(p >>> SHIFT_2) + (field & OFFSET)]!;
  }

  setI32(ref: Ref, field: Field<"i32">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setI32", ref);
    this.#access("setI32", p, field, I32);
    this.#space.i32[(p >>> SHIFT_2) + (field & OFFSET)] = requireNumber("setI32", value);
  }

  getU32(ref: Ref, field: Field<"u32">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getU32", ref);
    this.#access("getU32", p, field, U32);
    return this.#space.u32[(p >>> SHIFT_2) + (field & OFFSET)]!;
  }

  setU32(ref: Ref, field: Field<"u32">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setU32", ref);
    this.#access("setU32", p, field, U32);
    this.#space.u32[(p >>> SHIFT_2) + (field & OFFSET)] = requireNumber("setU32", value);
  }

  getI64(ref: Ref, field: Field<"i64">): bigint {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getI64", ref);
    this.#access("getI64", p, field, I64);
    return this.#space.i64[(p >>> SHIFT_3) + (field & OFFSET)]!;
  }

  setI64(ref: Ref, field: Field<"i64">, value: bigint | number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setI64", ref);
    this.#access("setI64", p, field, I64);
    this.#space.i64[(p >>> SHIFT_3) + (field & OFFSET)] = requireWhole("setI64", value);
  }

  getF32(ref: Ref, field: Field<"f32">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getF32", ref);
    this.#access("getF32", p, field, F32);
    return this.#space.f32[(p >>> SHIFT_2) + (field & OFFSET)]!;
  }

  setF32(ref: Ref, field: Field<"f32">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setF32", ref);
    this.#access("setF32", p, field, F32);
    this.#space.f32[(p >>> SHIFT_2) + (field & OFFSET)] = requireNumber("setF32", value);
  }

  getF64(ref: Ref, field: Field<"f64">): number {
    const p = typeof ref === "number" ? ref : this.#space.resolve("getF64", ref);
    this.#access("getF64", p, field, F64);
    return this.#space.f64[(p >>> SHIFT_3) + (field & OFFSET)]!;
  }

  setF64(ref: Ref, field: Field<"f64">, value: number): void {
    const p = typeof ref === "number" ? ref : this.#space.resolve("setF64", ref);
    this.#access("setF64", p, field, F64);
    this.#space.f64[(p >>> SHIFT_3) + (field & OFFSET)] = requireNumber("setF64", value);
  }

  // ---- what every access checks ----

  #access(operation: string, p: Ptr, field: Field, kind: number): void {
    const space = this.#space;
    if (space.checked) {
      const key = ((space.i32[(p >>> 2) + 1]! & LIFE) << KIND_WIDTH) | kind;
      const isRefused = p >>> 0 !== p || (p & 7) !== 0 || p < space.first || typeof field !== "number";
      if (isRefused || key !== field >>> TO_KIND) this.#look(operation, p, field, kind);
    } else if (!space.counted(p)) {
      space.refuse(operation, p);
    }
  }

  /** The object is of a derived type, or the arrays were stale, or the access is refused. */
  #look(operation: string, p: Ptr, field: Field, kind: number): void {
    const space = this.#space;
    if (!space.live(p)) space.refuse(operation, p);
    if (typeof field !== "number" || kindOf(field) !== kind) throw kindError(operation, p, field, kind);
    const type = this.#types.idAt(p);
    if (!this.#types.isDerived(type, field >>> TO_TYPE)) throw this.#typeError(operation, p, field, type);
  }

  #typeError(operation: string, p: Ptr, field: Field, type: number): HeapError {
    const has = this.#types.at(type)?.name ?? `type ${type}`;
    const owner = this.#types.at(field >>> TO_TYPE)?.name ?? "no type of this heap";
    const message = `${operation}(${hex(p)}): the object is a ${has}, the field belongs to ${owner}`;
    return new HeapError("ERR_HEAP_TYPE", message, { operation, ptr: p, argument: "field", value: field });
  }
}

function kindError(operation: string, p: Ptr, field: Field, kind: number): HeapError {
  const wanted = (Object.keys(KINDS) as FieldKind[]).find((name) => KINDS[name].code === kind);
  const is = typeof field === "number" ? `of kind ${kindName(field) ?? "none"}` : show(field);
  const message = `${operation}(${hex(p)}): the field must be of kind ${wanted}, it is ${is}`;
  return new HeapError("ERR_HEAP_TYPE", message, { operation, ptr: p, argument: "field", value: field });
}
