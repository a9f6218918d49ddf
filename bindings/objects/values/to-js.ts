import * as layout from "../../generated/layout.js";
import type { Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { Types } from "../types/types.js";
import type { Dicts } from "./dicts.js";
import { noCounterpart, type JSValue } from "./js-value.js";
import { intAt } from "./scalars.js";
import type { Strs } from "./strs.js";

/** What is read. */
interface Sources {
  readonly memory: ObjectMemory;
  readonly types: Types;
  readonly strs: Strs;
  readonly dicts: Dicts;
}

/** Converts a built-in value; containers that occur twice, or within themselves, do so in the result. No recursion. */
export function toJS(sources: Sources, ref: Ref): JSValue {
  const { memory, types, dicts } = sources;
  const start = memory.requireReference("toJS", ref);
  const scalar = readScalar(sources, start);
  if (scalar !== undefined) return scalar;
  if (types.idAt(start) === layout.TYPE_BYTES) return readBytes(memory, start);
  const done = new Map<Ptr, JSValue>();
  const pending: (() => void)[] = [];

  const convert = (p: Ptr): JSValue => {
    const scalar = readScalar(sources, p);
    const known = scalar === undefined ? done.get(p) : scalar;
    if (known !== undefined) return known;
    switch (types.idAt(p)) {
      case layout.TYPE_BYTES:
        return remember(p, readBytes(memory, p));
      case layout.TYPE_TUPLE:
        return readItems(p, memory.u32[(p + layout.TUPLE_LENGTH) >>> 2]!, p + layout.TUPLE_ITEMS);
      case layout.TYPE_LIST:
        return readItems(
          p,
          memory.u32[(p + layout.LIST_LENGTH) >>> 2]!,
          memory.u32[(p + layout.LIST_ITEMS) >>> 2]!,
        );
      case layout.TYPE_DICT: {
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
        const item = memory.u32[(address >>> 2) + i]! as Ptr;
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
function readScalar({ memory, types, strs }: Sources, p: Ptr): JSValue | undefined {
  switch (types.idAt(p)) {
    case layout.TYPE_NONE:
      return null;
    case layout.TYPE_BOOL:
      return memory.state(layout.STATE_TRUE) === p;
    case layout.TYPE_INT:
      return intAt(memory, p);
    case layout.TYPE_FLOAT:
      return memory.f64[(p + layout.VALUE) >>> 3]!;
    case layout.TYPE_STR:
      return strs.read(p);
    default:
      return undefined;
  }
}

function readBytes(memory: ObjectMemory, p: Ptr): Uint8Array {
  const length = memory.u32[(p + layout.BYTES_LENGTH) >>> 2]!;
  return memory.u8.slice(p + layout.BYTES_DATA, p + layout.BYTES_DATA + length);
}
