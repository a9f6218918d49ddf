import { hex } from "../../core/errors.js";
import type { Lifecycle } from "../../core/lifecycle.js";
import type { Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import { Handle, type HandleOwner, type HandleRecord } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { describeObject } from "../types/describe.js";
import type { Types } from "../types/types.js";

/** The handles of one heap, and what becomes of those that are forgotten. */
export class Handles implements HandleOwner {
  readonly lifecycle: Lifecycle;
  readonly #memory: ObjectMemory;
  readonly #counts: Counts;
  readonly #types: Types;
  readonly #registry: FinalizationRegistry<HandleRecord> | undefined;
  readonly #records: HandleRecord[] = [];
  /** Forgotten ones, whose reference is released at the next call of the heap. */
  #forgotten: HandleRecord[] = [];

  constructor(memory: ObjectMemory, counts: Counts, types: Types) {
    this.lifecycle = memory.lifecycle;
    this.#memory = memory;
    this.#counts = counts;
    this.#types = types;
    const hasRegistry = typeof FinalizationRegistry === "function";
    if (hasRegistry && this.lifecycle.settings.forgottenHandles !== "off")
      this.#registry = registryOf(new WeakRef(this));
  }

  /** A handle that steals a reference. */
  own(value: unknown): Handle {
    return this.#make(this.steal("own", value));
  }

  /** A handle with a reference of its own. */
  dup(ptr: Ptr): Handle {
    this.#counts.keep(this.#memory.require("dup", ptr));
    return this.#make(ptr);
  }

  /** The pointer of a live object, a reference to which is the caller's from now on. */
  steal(operation: string, value: unknown): Ptr {
    return this.#memory.steal(operation, value);
  }

  /** What releases a reference that no handle owns, for later. As with handles, a heap that was emptied ends it. */
  releaserOf(ptr: Ptr): () => void {
    const { epoch } = this.lifecycle;
    return () => {
      if (epoch === this.lifecycle.epoch && !this.lifecycle.isDisposed) this.#release(ptr);
    };
  }

  /** The handle lets go of its reference without releasing it. */
  forget(handle: Handle, record: HandleRecord): void {
    this.#registry?.unregister(handle);
    this.#remove(record);
  }

  /** The handle releases its reference. */
  end(handle: Handle, record: HandleRecord): void {
    this.forget(handle, record);
    if (!this.lifecycle.isClosed) this.#release(record.ptr);
  }

  #release(ptr: Ptr): void {
    this.#counts.drop(this.#memory.require("decref", ptr));
  }

  /** Records of the live handles, in no order. */
  get records(): readonly HandleRecord[] {
    return this.#records;
  }

  /**
   * The heap was reset or disposed of: no handle owns anything. A stack that came by way of the core, from a finalizer,
   * holds on to the core's memory.
   */
  clear(): void {
    for (const record of this.#records) {
      record.ended = true;
      record.trace = undefined;
    }
    this.#records.length = 0;
    this.#forgotten = [];
  }

  /** An object for people, in one line. */
  inspect(ptr: Ptr): string {
    return describeObject(this.#memory, this.#types, ptr);
  }

  /** How messages name an object. */
  describe(ptr: Ptr): string {
    return `${this.#types.nameAt(ptr)} at ${hex(ptr)}`;
  }

  /** The host collected a handle that was not disposed of; this is no place to run finalizers in. */
  lose(record: HandleRecord): void {
    if (this.lifecycle.isDisposed || record.ended) return;
    this.#forgotten.push(record);
    if (this.#forgotten.length === 1) this.lifecycle.beforeNextCall(() => this.#releaseForgotten());
  }

  #releaseForgotten(): void {
    const records = this.#forgotten;
    this.#forgotten = [];
    for (const record of records) {
      if (this.lifecycle.settings.forgottenHandles === "warn") this.#warn(record);
      this.#remove(record);
      this.lifecycle.callbacks.run(() => this.#release(record.ptr));
    }
  }

  #warn(record: HandleRecord): void {
    const place = record.trace ? `; it was made at:\n${record.trace.text}` : "";
    console.warn(
      `tallyheap: a handle to ${this.describe(record.ptr)} was forgotten, not disposed of${place}`,
    );
  }

  #make(ptr: Ptr): Handle {
    const trace = this.lifecycle.diagnostics.trace();
    const record: HandleRecord = { ptr, trace, ended: false, index: this.#records.length };
    this.#records.push(record);
    const handle = new Handle(this, record);
    this.#registry?.register(handle, record, handle);
    return handle;
  }

  /** The last record takes the place of the removed one. */
  #remove(record: HandleRecord): void {
    const last = this.#records.pop();
    if (last === undefined || last === record) return;
    this.#records[record.index] = last;
    last.index = record.index;
  }
}

/** The registry must not keep a heap alive that is itself forgotten. */
function registryOf(handles: WeakRef<Handles>): FinalizationRegistry<HandleRecord> {
  return new FinalizationRegistry((record) => handles.deref()?.lose(record));
}
