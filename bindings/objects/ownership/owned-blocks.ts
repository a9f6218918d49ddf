import { FAULT_NONE } from "../../generated/layout.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";

/** Raw blocks that objects own, in fields of the kind `block`; the core frees them with the object. */
export class OwnedBlocks {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;

  constructor(memory: ObjectMemory, calls: ObjectCalls) {
    this.#memory = memory;
    this.#calls = calls;
  }

  /** Puts a block, or null, into a slot; the block that was there before, which is the caller's now. */
  replace(operation: string, slot: number, block: Ptr): Ptr {
    const { u32 } = this.#memory;
    const old = u32[slot]! as Ptr;
    if (old === block) return NULL;
    if (block !== NULL) this.#own(operation, block);
    u32[slot] = block;
    if (old !== NULL) this.#calls.abi.block_disown();
    return old;
  }

  #own(operation: string, block: Ptr): void {
    const fault = this.#calls.enter(() => this.#calls.abi.block_own(block));
    if (fault !== FAULT_NONE) this.#calls.lifecycle.throwFault(operation, block, fault);
  }
}
