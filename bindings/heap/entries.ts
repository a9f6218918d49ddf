import type { Core, CoreKind } from "../core/core.js";
import type { Settings } from "../core/options.js";
import type { RecordHeap } from "./record-heap.js";

/** What an entry of the package makes heaps with. */
export interface Entry {
  /** Its core, compiled. */
  module(): WebAssembly.Module;
  /** A heap on a core. */
  make(core: Core, settings: Settings): RecordHeap;
}

const entries = new Map<CoreKind, Entry>();

/** Lets `Heap.restore` make heaps of a kind; done by each entry of the package when it is loaded. */
export function registerEntry(kind: CoreKind, entry: Entry): void {
  entries.set(kind, entry);
}

/** The entry for a kind of core, if it was loaded. */
export function entryOf(kind: CoreKind): Entry | undefined {
  return entries.get(kind);
}
