import * as layout from "../../generated/layout.js";
import type { LeakReport, LeakedObject } from "../../core/leak-report.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { OwnBlocks } from "../../core/diagnostics.js";
import type { HandleRecord } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { factsOf } from "../types/type.js";
import type { Types } from "../types/types.js";
import type { ExternalBytes } from "./external-bytes.js";
import type { Handles } from "./handles.js";

/** Objects that a report names. */
const REPORTED = 100;
const NO_BLOCKS: OwnBlocks = { blocks: 0, bytes: 0, given: new Set() };

/** Objects and what belongs to them, for reports. Walks the heap: nothing may change meanwhile. */
export class Leaks {
  readonly #memory: ObjectMemory;
  readonly #types: Types;
  readonly #handles: Handles;
  readonly #externalBytes: ExternalBytes;

  constructor(memory: ObjectMemory, types: Types, handles: Handles, externalBytes: ExternalBytes) {
    this.#memory = memory;
    this.#types = types;
    this.#handles = handles;
    this.#externalBytes = externalBytes;
  }

  /** What is still held from outside. */
  report(): Pick<LeakReport, "objects" | "handles" | "held"> {
    if (!this.#memory.lifecycle.hasObjectLayer) return { objects: 0, handles: 0, held: [] };
    const handles = this.#handlesByObject();
    const internal = this.#internalReferences();
    const held: LeakedObject[] = [];
    let objects = 0;
    this.#walk((ptr) => {
      const count = this.#memory.i32[ptr >>> 2]!;
      if (count >= layout.COUNT_LIMIT) return;
      objects++;
      const references = count - (internal.get(ptr) ?? 0);
      if (references <= 0 || held.length >= REPORTED) return;
      const own = handles.get(ptr) ?? [];
      const handleStacks = own.flatMap(({ trace }) => (trace ? [trace.text] : []));
      const externalBytes = this.#externalBytes.of(ptr);
      const type = this.#types.nameAt(ptr);
      held.push({ ptr, type, references, handles: own.length, externalBytes, handleStacks });
    });
    return { objects, handles: this.#handles.records.length, held };
  }

  /** Mortal objects by type name. */
  census(): Map<string, number> {
    const counts = new Map<string, number>();
    if (!this.#memory.lifecycle.hasObjectLayer) return counts;
    this.#walk((ptr) => {
      if (this.#memory.i32[ptr >>> 2]! >= layout.COUNT_LIMIT) return;
      const name = this.#types.nameAt(ptr);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    });
    return counts;
  }

  /** All blocks of the object layer: objects, those on private free lists excepted, and what lies behind them. */
  ownBlocks(): OwnBlocks {
    if (!this.#memory.lifecycle.hasObjectLayer) return NO_BLOCKS;
    const { u32 } = this.#memory;
    const usable = this.#memory.lifecycle.started().exports.malloc_usable_size;
    let blocks = 0;
    let bytes = 0;
    const add = (block: number): void => {
      if (block === 0) return;
      blocks++;
      const size = usable(block) >>> 0;
      // A span is counted with its guard, if it has one.
      bytes += size > layout.MEDIUM_LIMIT ? Math.ceil(size / layout.PAGE_BYTES) * layout.PAGE_BYTES : size;
    };
    add(this.#memory.state(layout.STATE_TYPES));
    add(this.#memory.state(layout.STATE_INTERN));
    add(this.#memory.state(layout.STATE_ZERO_TABLE));
    add(this.#memory.state(layout.STATE_ROOTS));
    add(this.#memory.state(layout.STATE_GC_EDGES));
    for (let stack = this.#memory.state(layout.STATE_STACKS); stack !== 0;) {
      add(stack);
      stack = u32[(stack + layout.STACK_NEXT) >>> 2]!;
    }
    for (const { id } of this.#types.all()) add(this.#types.descriptor(id));
    this.#walk((ptr) => {
      add(ptr);
      const type = this.#types.idAt(ptr);
      if (type === layout.TYPE_LIST) {
        const items = u32[(ptr + layout.LIST_ITEMS) >>> 2]!;
        if (items !== ptr + layout.LIST_BYTES) add(items);
      }
      if (type === layout.TYPE_DICT) add(u32[(ptr + layout.DICT_TABLE) >>> 2]!);
    });
    const given = this.givenBlocks();
    for (const block of given) add(block);
    return { blocks, bytes, given };
  }

  /** The raw blocks that the host gave to objects. */
  givenBlocks(): Set<Ptr> {
    const given = new Set<Ptr>();
    if (!this.#memory.lifecycle.hasObjectLayer) return given;
    const { u32 } = this.#memory;
    this.#walk((ptr) => {
      const type = this.#types.at(this.#types.idAt(ptr));
      if (type === undefined) return;
      for (const offset of factsOf(type).blocks) {
        const block = u32[(ptr + offset) >>> 2]! as Ptr;
        if (block !== NULL) given.add(block);
      }
    });
    return given;
  }

  /** How many references to each object other objects hold, and the zero-count table. */
  #internalReferences(): Map<Ptr, number> {
    const counts = new Map<Ptr, number>();
    const { u32 } = this.#memory;
    const add = (target: number): void => {
      if (target !== 0) counts.set(target as Ptr, (counts.get(target as Ptr) ?? 0) + 1);
    };
    const table = this.#memory.state(layout.STATE_ZERO_TABLE) >>> 2;
    const length = this.#memory.state(layout.STATE_ZERO_LENGTH);
    for (let i = this.#memory.state(layout.STATE_ZERO_FIRST); i < length; i++) add(u32[table + i]!);
    this.#walk((ptr) => {
      const type = this.#types.at(this.#types.idAt(ptr));
      if (type === undefined) return;
      const { refs, itemLayout, length } = factsOf(type);
      for (const offset of refs) add(u32[(ptr + offset) >>> 2]!);
      if (itemLayout?.kind === "ref") {
        const { offset, isBuffer } = itemLayout;
        const first = (isBuffer ? u32[(ptr + offset) >>> 2]! : ptr + offset) >>> 2;
        for (let i = 0; i < u32[(ptr + length) >>> 2]!; i++) add(u32[first + i]!);
      }
      if (type.id !== layout.TYPE_DICT) return;
      for (let i = 0; i < u32[(ptr + layout.DICT_FILLED) >>> 2]!; i++) {
        const entry = u32[(ptr + layout.DICT_TABLE) >>> 2]! + i * layout.ENTRY_BYTES;
        add(u32[(entry + layout.ENTRY_KEY) >>> 2]!);
        add(u32[(entry + layout.ENTRY_VALUE) >>> 2]!);
      }
    });
    return counts;
  }

  #handlesByObject(): Map<Ptr, HandleRecord[]> {
    const byObject = new Map<Ptr, HandleRecord[]>();
    for (const record of this.#handles.records) {
      const others = byObject.get(record.ptr);
      if (others) others.push(record);
      else byObject.set(record.ptr, [record]);
    }
    return byObject;
  }

  #walk(visit: (ptr: Ptr) => void): void {
    const { object_next } = this.#memory.lifecycle.started().exports;
    for (let p = object_next(0) >>> 0; p !== 0; p = object_next(p) >>> 0) visit(p as Ptr);
  }
}
