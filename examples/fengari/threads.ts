import type { Ptr } from "tallyheap";
import { COUNTED, type LuaState } from "./types.js";
import type { Values } from "./values.js";

const NULL = 0 as Ptr;

/**
 * Coroutines. A stack belongs to JavaScript: each value on it owns its reference, so what hangs on it is held from
 * outside as far as the collector sees. That is right while the coroutine runs. One that is suspended may be part of a
 * cycle (its function captures the variable that it is stored in), so when a collection starts, the references of all
 * suspended stacks move into lists of the heap, where they are seen; the first use of such a stack takes them back.
 *
 * The lists are as long as the stacks and made with them, because a collection may be the last resort of a request for
 * which there is no memory: to move a reference takes none.
 */
export class Threads {
  readonly #values: Values;
  /** Coroutines whose stacks own their references: those that run, and those used since the last collection. */
  readonly #awake = new Set<LuaState>();
  readonly #onCollection = (phase: string): void => {
    if (phase === "start") this.#settle();
  };

  constructor(values: Values) {
    this.#values = values;
    values.heap.collector.callbacks.add(this.#onCollection);
  }

  dispose(): void {
    this.#values.heap.collector.callbacks.delete(this.#onCollection);
  }

  /** A *new* record for a state, which forgets its stack when the record dies. */
  make(L: LuaState): Ptr {
    const { heap, types } = this.#values;
    const record = heap.alloc(types.thread);
    try {
      heap.stealRef(record, types.thread.fields.stack, heap.list());
      heap.stealRef(
        record,
        types.thread.fields.peer,
        this.#values.newHost(L, () => this.#died(L)),
      );
    } catch (error) {
      heap.decref(record);
      throw error;
    }
    L.ptr = record;
    if (L !== L.l_G.mainthread) this.#awake.add(L);
    return record;
  }

  /** The state of a record. */
  peer(record: Ptr): LuaState {
    const { heap, types } = this.#values;
    return this.#values.hostAt(
      this.#values.hostIndex(heap.getRef(record, types.thread.fields.peer)),
    ) as LuaState;
  }

  /** Makes room for the references of a stack of this size. The main stack needs none: it always runs. */
  reserve(L: LuaState, size: number): void {
    if (L === L.l_G.mainthread || L.ptr === NULL) return;
    const { heap } = this.#values;
    const list = this.#list(L);
    while (heap.lists.length(list) < size) heap.lists.append(list, heap.none);
  }

  /** Takes the references of a stack back from the heap. */
  wake(L: LuaState): void {
    const { heap } = this.#values;
    const list = this.#list(L);
    L.asleep = false;
    this.#awake.add(L);
    let used = 0;
    for (const slot of L.slots) {
      const reference = slot === undefined ? NULL : owned(slot);
      if (reference === NULL) continue;
      heap.incref(reference);
      heap.lists.set(list, used++, heap.none);
    }
  }

  /** Releases all that a stack holds. */
  clear(L: LuaState): void {
    const slots = L.stack;
    for (let i = slots.length - 1; i >= 0; i--) {
      const slot = slots[i];
      slots[i] = undefined;
      slot?.release();
    }
    slots.length = 0;
  }

  /** Moves the references of suspended stacks into the heap. */
  #settle(): void {
    for (const L of this.#awake) {
      if (L.running > 0) continue;
      this.#awake.delete(L);
      const { heap } = this.#values;
      const list = this.#list(L);
      let used = 0;
      for (const slot of L.slots) {
        const reference = slot === undefined ? NULL : owned(slot);
        if (reference === NULL) continue;
        heap.lists.set(list, used++, reference);
        heap.decref(reference);
      }
      L.asleep = true;
    }
  }

  #list(L: LuaState): Ptr {
    return this.#values.heap.getRef(L.ptr, this.#values.types.thread.fields.stack);
  }

  #died(L: LuaState): void {
    L.ptr = NULL;
    this.#awake.delete(L);
    // The references of a stack that sleeps died with its list.
    if (L.asleep) L.slots.length = 0;
    else this.clear(L);
    L.asleep = false;
  }
}

/** What a slot owns a reference to, or 0. */
function owned(slot: { type: number; value: unknown; cell: Ptr }): Ptr {
  if (slot.cell !== NULL) return slot.cell;
  return COUNTED[slot.type] ? (slot.value as Ptr) : NULL;
}
