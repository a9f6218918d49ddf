import { KINDS, type FieldKind } from "./kinds.js";

/**
 * A field of a type, as `Node.fields.left` names it: a number that packs the type's id, the field's kind and its place.
 * The brand carries the kind, so that `getF64` of a reference does not compile.
 *
 *     type id 16 │ kind 4 │ offset, in units of the field's own width, 12
 */
export type Field<K extends FieldKind = FieldKind> = number & { readonly __field: K };

export const OFFSET_BITS = 12;
export const KIND_BITS = 4;

/** Places a field can have, in units of its width. */
export const FIELD_OFFSETS = 1 << OFFSET_BITS;
export const OFFSET_MASK = FIELD_OFFSETS - 1;
const KIND_MASK = (1 << KIND_BITS) - 1;

/** Everything but the offset: what a checked access compares first. */
export const TYPE_SHIFT = OFFSET_BITS + KIND_BITS;

/** Packs a field at a byte offset, a multiple of its width. Signed, so that engines keep it in a small integer. */
export function packField<K extends FieldKind>(type: number, kind: K, offset: number): Field<K> {
  const { code, shift } = KINDS[kind];
  return ((type << TYPE_SHIFT) | (code << OFFSET_BITS) | (offset >>> shift)) as Field<K>;
}

/** Code of the kind that is packed in a field. */
export function kindOf(field: Field): number {
  return (field >>> OFFSET_BITS) & KIND_MASK;
}

/** Bytes from an object's start to a field. */
export function offsetOf(field: Field): number {
  return (field & OFFSET_MASK) << KINDS[kindName(kindOf(field))!].shift;
}

/** Name of the kind with a code, if there is one. */
export function kindName(code: number): FieldKind | undefined {
  return (Object.keys(KINDS) as FieldKind[]).find((kind) => KINDS[kind].code === code);
}
