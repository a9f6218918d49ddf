import { FAULT_MEMORY, FAULT_NONE, STATE_FAULT_ADDRESS } from "../generated/layout.js";
import type { Lifecycle } from "./lifecycle.js";
import { NULL, type Ptr } from "./ptr.js";

/**
 * A request for bytes came back with nothing. Tries it again after each of what may help: a recovered core, and what
 * makes room. `ptr` is the block that it would have replaced.
 * @throws HeapError `ERR_HEAP_OOM`, or the error for what else the core found wrong
 */
export function retry(
  lifecycle: Lifecycle,
  operation: string,
  size: number,
  ptr: Ptr,
  request: () => number,
): Ptr {
  if (lifecycle.recover()) {
    const block = lifecycle.protect(request) >>> 0;
    if (block !== 0) return block as Ptr;
  }
  requireOnlyMemory(lifecycle, operation, ptr);
  for (const _ of lifecycle.makeRoom(size)) {
    const block = lifecycle.protect(request) >>> 0;
    if (block !== 0) return block as Ptr;
    requireOnlyMemory(lifecycle, operation, ptr);
  }
  throw lifecycle.outOfMemory(operation, size);
}

/** Throws unless the last request failed for want of memory. */
function requireOnlyMemory(lifecycle: Lifecycle, operation: string, ptr: Ptr): void {
  const core = lifecycle.live();
  const fault = core.takeFault();
  // An unchecked core notes wrong pointers only, also those of calls that could not tell.
  const isOwn = lifecycle.settings.checks || (ptr !== NULL && core.state(STATE_FAULT_ADDRESS) === ptr);
  if (isOwn && fault !== FAULT_NONE && fault !== FAULT_MEMORY) lifecycle.throwFault(operation, ptr, fault);
}
