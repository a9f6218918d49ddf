/** Types for whose instances the host holds references (heap.addTraverse). */
import * as layout from "../../layout";
import { STATE, collector, objects } from "../../state";
import { fault } from "../../alloc/malloc";
import { classSlot } from "../../alloc/pools";
import { clearFreeLists } from "./free-lists";
import { metaOf, setMeta, typeById, typeIdOf } from "./header";
import { nextBlock } from "./walk";

/**
 * Instances have references that the host holds from now on, and tells it of their death. FAULT_TYPE for a type that the
 * collector does not know and that has instances already.
 */
export function traverseType(id: u32): u32 {
  const type = typeById(id);
  const isContainer = (type.flags & layout.FLAG_CONTAINER) != 0;
  for (let object = nextBlock(0); object; object = nextBlock(object)) {
    if (typeIdOf(object) != id) continue;
    if (!isContainer) return fault(layout.FAULT_TYPE, object);
    setMeta(object, metaOf(object) | layout.META_HOST);
  }
  if (!isContainer) {
    clearFreeLists(id);
    type.flags |= layout.FLAG_CONTAINER;
    type.meta |= layout.META_TRACKED;
    if (type.sizeClass) type.active = STATE + layout.STATE_ACTIVE + classSlot(type.domain, type.sizeClass);
  }
  type.flags |= layout.FLAG_TRAVERSED;
  type.meta = (type.meta | layout.META_HOST) & ~layout.META_LEAF;
  objects.hosted = 1;
  collector.traversed = 1;
  return layout.FAULT_NONE;
}
