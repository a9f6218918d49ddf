/** Kinds of items: `ref` is a counted reference, the rest are numbers of the stated width. */
export type ItemKind = "ref" | "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "f32" | "f64";

/** Kinds of fields: those of items, and `block`, a raw block that the object owns. */
export type FieldKind = ItemKind | "block";

/** Number of each kind, as fields pack it and descriptors hold it; and log₂ of its bytes. */
export interface KindFacts {
  readonly code: number;
  readonly shift: number;
}

export const KINDS: { readonly [K in FieldKind]: KindFacts } = {
  ref: { code: 1, shift: 2 },
  i8: { code: 2, shift: 0 },
  u8: { code: 3, shift: 0 },
  i16: { code: 4, shift: 1 },
  u16: { code: 5, shift: 1 },
  i32: { code: 6, shift: 2 },
  u32: { code: 7, shift: 2 },
  i64: { code: 8, shift: 3 },
  f32: { code: 9, shift: 2 },
  f64: { code: 10, shift: 3 },
  block: { code: 11, shift: 2 },
};

export function isItemKind(value: unknown): value is ItemKind {
  return isFieldKind(value) && value !== "block";
}

export function isFieldKind(value: unknown): value is FieldKind {
  return typeof value === "string" && Object.hasOwn(KINDS, value);
}
