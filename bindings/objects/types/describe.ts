import { COUNT_LIMIT, TYPE_STR } from "../../generated/layout.js";
import { hex } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { kindName, kindOf, offsetOf } from "./field.js";
import { KINDS, type FieldKind } from "./kinds.js";
import { factsOf } from "./type.js";
import type { Types } from "./types.js";
import { valueText } from "./value-text.js";

/** Fields of a record that are shown. */
const SHOWN = 4;

/** An object for people: type, value, address, count, number of items, its first fields. Nothing if it is dead. */
export function describeObject(memory: ObjectMemory, types: Types, p: Ptr): string {
  const name = types.nameAt(p);
  if (!memory.isLive(p)) return `${name} at ${hex(p)}`;
  const count = memory.i32[p >>> 2]!;
  const parts = [
    `${name}${valueOf(memory, types, p)} at ${hex(p)}`,
    count >= COUNT_LIMIT ? "immortal" : `count ${count}`,
  ];
  const type = types.at(types.idAt(p));
  if (type === undefined) return parts.join(", ");
  const { length } = factsOf(type);
  if (length !== 0 && type.id !== TYPE_STR) parts.push(`${memory.u32[(p + length) >>> 2]} items`);
  const fields = Object.entries(type.fields);
  for (const [field, packed] of fields.slice(0, SHOWN)) {
    const kind = kindName(kindOf(packed))!;
    const value =
      memory[kind === "ref" || kind === "block" ? "u32" : kind][
        (p + offsetOf(packed)) >>> KINDS[kind].shift
      ]!;
    parts.push(`${field}: ${shown(memory, types, kind, value)}`);
  }
  if (fields.length > SHOWN) parts.push(`${fields.length - SHOWN} more fields`);
  return parts.join(", ");
}

/** A field's value. */
function shown(memory: ObjectMemory, types: Types, kind: FieldKind, value: number | bigint): string {
  if (kind === "ref") return briefly(memory, types, value as Ptr);
  return kind === "block" ? hex(Number(value)) : String(value);
}

/** What a field refers to. */
function briefly(memory: ObjectMemory, types: Types, p: Ptr): string {
  if (p === 0) return "null";
  return memory.isLive(p) ? `${types.nameAt(p)}${valueOf(memory, types, p)} at ${hex(p)}` : hex(p);
}

function valueOf(memory: ObjectMemory, types: Types, p: Ptr): string {
  const type = types.idAt(p);
  const text = valueText(memory, p, type);
  if (text === undefined) return "";
  return ` ${type === TYPE_STR ? JSON.stringify(text) : text}`;
}
