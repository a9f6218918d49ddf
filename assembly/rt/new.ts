/** Managed objects as the compiler wants them made. */
import { E_ALLOCATION_TOO_LARGE } from "util/error";
import { OBJECT_MAXSIZE } from "rt/common";
import { SMALL_PAYLOAD, makeObject, resizeBlock, takeListed, takeObject } from "./blocks";
import { step } from "./cycle";
import { HEADER_BYTES, ObjectHeader } from "./object";
import { runtime } from "./state";

/** A new object of a class, its payload of `size` bytes zeroed. */
// @ts-ignore: decorator
@global
@unsafe
export function __new(size: usize, id: u32): usize {
  if (isDefined(TALLYHEAP_STRESS)) stress();
  if (size <= SMALL_PAYLOAD) {
    const block = takeListed(size);
    if (block) return makeObject(block, size, id);
  }
  return newSlow(size, id);
}

function newSlow(size: usize, id: u32): usize {
  if (size > OBJECT_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  step(size);
  const object = takeObject(size, id);
  if (object) return object;
  __collect();
  return objectOrTrap(size, id);
}

/**
 * The object with room for `size` bytes: itself, or a copy if it is static or cannot grow where it is. It does not
 * collect, since the library holds objects that no root knows while it calls this; only where memory would be out.
 */
// @ts-ignore: decorator
@global
@unsafe
export function __renew(object: usize, size: usize): usize {
  const block = object - HEADER_BYTES;
  const header = changetype<ObjectHeader>(block);
  const old = <usize>header.size;
  if (size > OBJECT_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  if (object >= __heap_base && resizeBlock(block, size + HEADER_BYTES)) {
    if (size > old) memory.fill(object + old, 0, size - old);
    header.size = <u32>size;
    return object;
  }
  let copy = takeObject(size, header.id);
  if (!copy) {
    runtime.held = object;
    __collect();
    runtime.held = 0;
    copy = objectOrTrap(size, header.id);
  }
  memory.copy(copy, object, min(size, old));
  return copy;
}

function objectOrTrap(size: usize, id: u32): usize {
  const object = takeObject(size, id);
  if (!object) unreachable();
  return object;
}

/** Collects at every TALLYHEAP_STRESS-th call. */
function stress(): void {
  if (!isDefined(TALLYHEAP_STRESS)) return;
  runtime.news += 1;
  if (runtime.news < <u32>TALLYHEAP_STRESS) return;
  runtime.news = 0;
  __collect();
}
