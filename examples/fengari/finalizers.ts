import type { Ptr } from "tallyheap";
import { TABLE, USERDATA, type GlobalState, type LuaState, type TValue } from "./types.js";
import type { Tables } from "./tables.js";
import type { Values } from "./values.js";

const NULL = 0 as Ptr;

// Metamethods, by their number in fengari's ltm.js.
const TM_GC = 2;
const TM_MODE = 3;

/** fengari's lgc.c would be: calls of metamethods, and errors in them. */
export interface Caller {
  /** Calls `__gc` with the object, both on top of the stack; true if it succeeded, else the error is on top. */
  call(L: LuaState): boolean;
  /** Raises the error on top of the stack as an error of a finalizer. */
  raise(L: LuaState): void;
  push(L: LuaState, value: TValue): void;
  drop(L: LuaState): void;
}

interface Due {
  readonly object: Ptr;
  readonly number: number;
  readonly state: number;
}

/**
 * `__gc`. An object whose metatable has it gets a guard, a record that refers to the object and that the object refers to:
 * a cycle, which the collector finds when nothing else holds the object, and whose finalizer sees both intact. It puts the
 * object on a list, which keeps it alive; the calls are made when the interpreter comes by, those of one collection in the
 * reverse order in which the metatables were set (Lua 5.3, 2.5.1). An object that is resurrected so and gets its metatable
 * again gets a new guard, and is finalized again.
 */
export class Finalizers {
  readonly #values: Values;
  readonly #tables: Tables;
  readonly #caller: Caller;
  readonly #states = new Map<number, GlobalState>();
  /** Objects to be finalized; owns a reference to each. */
  #due: Due[] = [];
  /** Guards that have not been finalized, by the number of each. */
  readonly #guards = new Map<number, Ptr>();
  #lastGuard = 0;
  #lastState = 0;

  constructor(values: Values, tables: Tables, caller: Caller) {
    this.#values = values;
    this.#tables = tables;
    this.#caller = caller;
    values.onGuard = (guard) => this.#unreachable(guard);
  }

  /** Whether a call is due. */
  get pending(): boolean {
    return this.#due.length > 0;
  }

  open(state: GlobalState): void {
    state.number = ++this.#lastState;
    this.#states.set(state.number, state);
  }

  get states(): Iterable<GlobalState> {
    return this.#states.values();
  }

  // ---- metatables ----

  metatable(object: Ptr): Ptr {
    const { heap, types } = this.#values;
    return heap.getRef(
      object,
      heap.typeOf(object) === types.table ? types.table.fields.metatable : types.userdata.fields.metatable,
    );
  }

  /** Sets the metatable of a table or userdata, or none for 0, with what its `__mode` and `__gc` say. */
  setMetatable(L: LuaState, tag: number, object: Ptr, metatable: Ptr): void {
    const { heap, types } = this.#values;
    if (tag === USERDATA) heap.setRef(object, types.userdata.fields.metatable, metatable);
    else this.#tables.setMetatable(object, metatable, this.#mode(L, metatable));
    if (metatable === NULL) return;
    const { guard } = tag === TABLE ? types.table.fields : types.userdata.fields;
    if (heap.getRef(object, guard) !== NULL) return;
    if (this.#tables.getStr(metatable, L.l_G.tmname[TM_GC]!).type === 0) return;
    const record = heap.alloc(types.guard);
    heap.setRef(record, types.guard.fields.object, object);
    heap.setF64(record, types.guard.fields.number, ++this.#lastGuard);
    heap.setI32(record, types.guard.fields.state, L.l_G.number);
    heap.stealRef(object, guard, record);
    this.#guards.set(this.#lastGuard, record);
  }

  #mode(L: LuaState, metatable: Ptr): string {
    if (metatable === NULL) return "";
    const mode = this.#tables.getStr(metatable, L.l_G.tmname[TM_MODE]!);
    return (mode.type & 15) === 4 ? this.#values.text(mode.value as Ptr) : "";
  }

  // ---- finalizers ----

  #unreachable(guard: Ptr): void {
    const { heap, types } = this.#values;
    const { fields } = types.guard;
    const state = heap.getI32(guard, fields.state);
    const object = heap.getRef(guard, fields.object);
    const number = heap.getF64(guard, fields.number);
    this.#guards.delete(number);
    if (object === NULL || !this.#states.has(state)) return;
    heap.incref(object);
    this.#due.push({ object, number, state });
  }

  /** Makes the calls that are due; an error is raised as Lua does it, and leaves the others to the next time. */
  run(L: LuaState, raise = true): void {
    // Last come, first called.
    const due = this.#due.filter(({ state }) => state === L.l_G.number).sort((a, b) => a.number - b.number);
    this.#due = this.#due.filter(({ state }) => state !== L.l_G.number);
    while (due.length > 0) {
      const { object } = due.pop()!;
      if (this.#finalize(L, object)) continue;
      if (raise) {
        this.#due.push(...due);
        this.#caller.raise(L);
      }
      this.#caller.drop(L);
    }
  }

  /** Calls the finalizers of all objects of a state that have one, for the end; errors are forgotten. */
  runAll(L: LuaState): void {
    const { heap, types } = this.#values;
    this.run(L, false);
    const { fields } = types.guard;
    for (const guard of [...this.#guards.values()]) {
      if (heap.getI32(guard, fields.state) === L.l_G.number) this.#unreachable(guard);
    }
    this.run(L, false);
    this.#states.delete(L.l_G.number);
  }

  #finalize(L: LuaState, object: Ptr): boolean {
    const { heap, types, TValue } = this.#values;
    const isTable = heap.typeOf(object) === types.table;
    const { guard } = isTable ? types.table.fields : types.userdata.fields;
    try {
      const metatable = this.metatable(object);
      const record = heap.getRef(object, guard);
      if (record === NULL) return true;
      // Its own finalizer, if it has not run, finds no object.
      heap.setRef(record, types.guard.fields.object, NULL);
      heap.setRef(object, guard, NULL);
      if (metatable === NULL) return true;
      const gc = this.#tables.getStr(metatable, L.l_G.tmname[TM_GC]!);
      if ((gc.type & 15) !== 6) return true;
      this.#caller.push(L, gc);
      this.#caller.push(L, new TValue(isTable ? TABLE : USERDATA, object));
    } finally {
      heap.decref(object);
    }
    return this.#caller.call(L);
  }
}
