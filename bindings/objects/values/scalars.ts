import { TYPE_BOOL, TYPE_FLOAT, TYPE_INT, VALUE } from "../../generated/layout.js";
import { HeapError, hex } from "../../core/errors.js";
import { isTagged, type Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { Types } from "../types/types.js";

/** What numbers are read from. */
interface Sources {
  readonly memory: ObjectMemory;
  readonly types: Types;
}

/**
 * The value of an int or a bool; a bigint if it is no safe integer.
 * @throws HeapError `ERR_HEAP_TYPE`
 */
export function readInt({ memory, types }: Sources, operation: string, ref: Ref): number | bigint {
  const p = memory.requireReference(operation, ref);
  const type = types.idAt(p);
  if (type !== TYPE_INT && type !== TYPE_BOOL) throw wrongType(types, operation, p, "int");
  return intAt(memory, p);
}

/** The value of an int or a bool that was proved to be one. */
export function intAt(memory: ObjectMemory, p: Ptr): number | bigint {
  if (isTagged(p)) return p >> 1;
  const value = memory.i64[(p + VALUE) >>> 3]!;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * The value of a float.
 * @throws HeapError `ERR_HEAP_TYPE`
 */
export function readFloat({ memory, types }: Sources, operation: string, ref: Ref): number {
  const p = memory.requireReference(operation, ref);
  if (types.idAt(p) !== TYPE_FLOAT) throw wrongType(types, operation, p, "float");
  return memory.f64[(p + VALUE) >>> 3]!;
}

function wrongType(types: Types, operation: string, ptr: Ptr, wanted: string): HeapError {
  const message = `${operation}(${hex(ptr)}): the object is no ${wanted}, but a ${types.nameAt(ptr)}`;
  return new HeapError("ERR_HEAP_TYPE", message, { operation, ptr });
}
