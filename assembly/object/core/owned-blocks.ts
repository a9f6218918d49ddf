/**
 * Raw blocks that belong to objects: fields of the kind "block". The object frees them when it dies. They are the host's
 * blocks, made by its malloc, and go back as if the host freed them, checks and quarantine included.
 *
 *   slot   0 │ address of a live raw block that no other slot holds
 */
import { FAULT_NONE, MEDIUM_LIMIT, TypeDescriptor } from "../../layout";
import { objects } from "../../state";
import * as checks from "../../alloc/checks";
import { usableSize } from "../../alloc/malloc";
import { addPressure } from "../../alloc/pressure";
import * as guard from "../../debug/guard";

/** FAULT_NONE if it is, as far as can be proved, a live raw block. */
export function checkOwned(block: usize): u32 {
  return isDefined(TALLYHEAP_DEBUG) ? guard.check(block) : checks.check(block);
}

/** A block is an object's from now on. FAULT_NONE, or why it cannot be. */
export function takeOwned(block: usize): u32 {
  const wrong = checkOwned(block);
  if (wrong) return wrong;
  objects.internalBlocks = objects.internalBlocks + 1;
  // Spans were counted when they were made.
  const bytes = usableSize(block);
  if (bytes <= MEDIUM_LIMIT) addPressure(bytes);
  return FAULT_NONE;
}

/** A block is the host's again. */
export function leaveOwned(): void {
  objects.internalBlocks = objects.internalBlocks - 1;
}

/** An object dies: frees the blocks that it owns. */
export function freeOwned(object: usize, type: TypeDescriptor): void {
  const refs = type.refs;
  for (let i = refs; i < refs + type.blocks; i++) {
    const block = load<usize>(object + type.refOffset(i));
    if (!block) continue;
    leaveOwned();
    if (isDefined(TALLYHEAP_DEBUG)) guard.free(block);
    else checks.checkedFree(block);
  }
}
