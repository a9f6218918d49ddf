import {
  BYTES_DATA,
  BYTES_LENGTH,
  LIST_ITEMS,
  LIST_LENGTH,
  STATE_TRUE,
  TUPLE_ITEMS,
  TUPLE_LENGTH,
  TYPE_BOOL,
  TYPE_BYTES,
  TYPE_DICT,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_LIST,
  TYPE_NONE,
  TYPE_STR,
  TYPE_TUPLE,
  VALUE,
} from "../../generated/layout.js";
import type { Ptr } from "../../core/ptr.js";
import { noCounterpart, type JSValue } from "./js-value.js";
import type { Parts } from "../object-layer.js";
import type { Ref, Space } from "../access/object-memory.js";

/** What is read. */
type Sources = Pick<Parts, "space" | "types" | "strs" | "dicts">;

/** Converts a built-in value; containers that occur twice, or within themselves, do so in the result. No recursion. */
export function toJS(parts: Sources, ref: Ref): JSValue {
  const { space, types, dicts } = parts;
  const start = space.require("toJS", ref);
  const scalar = readScalar(parts, start);
  if (scalar !== undefined) return scalar;
  const done = new Map<Ptr, JSValue>();
  const pending: (() => void)[] = [];

  const convert = (p: Ptr): JSValue => {
    const scalar = readScalar(parts, p);
    const known = scalar === undefined ? done.get(p) : scalar;
    if (known !== undefined) return known;
    switch (types.idAt(p)) {
      case TYPE_BYTES:
        return remember(p, readBytes(space, p));
      case TYPE_TUPLE:
        return readItems(p, space.u32[(p + TUPLE_LENGTH) >>> 2]!, p + TUPLE_ITEMS);
      case TYPE_LIST:
        return readItems(p, space.u32[(p + LIST_LENGTH) >>> 2]!, space.u32[(p + LIST_ITEMS) >>> 2]!);
      case TYPE_DICT: {
        const map = remember(p, new Map<JSValue, JSValue>());
        pending.push(() => {
          for (const [key, value] of dicts.entries(p)) map.set(convert(key), convert(value));
        });
        return map;
      }
      default:
        throw noCounterpart("toJS", `a ${types.nameAt(p)}`, p);
    }
  };
  const remember = <T extends JSValue>(p: Ptr, value: T): T => (done.set(p, value), value);
  const readItems = (p: Ptr, length: number, address: number): JSValue[] => {
    const items = remember(p, [] as JSValue[]);
    pending.push(() => {
      for (let i = 0; i < length; i++) {
        const item = space.u32[(address >>> 2) + i]! as Ptr;
        items.push(item === 0 ? null : convert(item));
      }
    });
    return items;
  };

  const result = convert(start);
  for (let work = pending.pop(); work !== undefined; work = pending.pop()) work();
  return result;
}

/** The value of an object that holds no others and has no identity in JavaScript; undefined for any other. */
function readScalar({ space, types, strs }: Sources, p: Ptr): JSValue | undefined {
  switch (types.idAt(p)) {
    case TYPE_NONE:
      return null;
    case TYPE_BOOL:
      return space.state(STATE_TRUE) === p;
    case TYPE_INT:
      return readInt(space.i64[(p + VALUE) >>> 3]!);
    case TYPE_FLOAT:
      return space.f64[(p + VALUE) >>> 3]!;
    case TYPE_STR:
      return strs.read(p);
    default:
      return undefined;
  }
}

function readInt(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readBytes(space: Space, p: Ptr): Uint8Array {
  const length = space.u32[(p + BYTES_LENGTH) >>> 2]!;
  return space.u8.slice(p + BYTES_DATA, p + BYTES_DATA + length);
}
