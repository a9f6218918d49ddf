import { FAULT_MEMORY, FAULT_NONE, FLAG_CONTAINER, STATE_ROOT_FUNCTIONS } from "../../generated/layout.js";
import { requireFunction } from "../../core/arguments.js";
import { HeapError } from "../../core/errors.js";
import type { Lifecycle } from "../../core/lifecycle.js";
import type { Ptr } from "../../core/ptr.js";
import type { Value } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { factsOf } from "../types/type.js";
import type { Types } from "../types/types.js";

/** Takes a reference that the host holds; null is none. Good only while the function that got it runs. */
export type Visit = (ref: Value) => void;
/** Visits every reference that the host holds uncounted. */
export type RootFunction = (visit: Visit) => void;
/** Visits every reference that the host owns on behalf of an object. */
export type TraverseFunction = (self: Ptr, visit: Visit) => void;

/**
 * References that lie in JavaScript: roots, which nobody counts, and those that the host owns on behalf of an object. The
 * core asks for them when it is about to decide what dies.
 */
export class HostReferences {
  readonly #lifecycle: Lifecycle;
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #types: Types;
  readonly #roots = new Set<RootFunction>();
  /** By id of the type that they were registered for. */
  readonly #traversals = new Map<number, Set<TraverseFunction>>();
  /** Where visited references go. */
  #sink: ((p: Ptr) => void) | undefined;
  /** Whether somebody waits to be told what goes wrong. */
  #isAwaited = false;
  #failure: HeapError | undefined;

  constructor(memory: ObjectMemory, calls: ObjectCalls, types: Types) {
    this.#lifecycle = memory.lifecycle;
    this.#memory = memory;
    this.#calls = calls;
    this.#types = types;
  }

  addRoots(fn: RootFunction): () => void {
    requireFunction("addRoots", "fn", fn);
    this.#lifecycle.started();
    this.startDeferring("addRoots");
    // A function that is added twice is asked twice.
    const own: RootFunction = (visit) => fn(visit);
    this.#roots.add(own);
    this.#countRoots();
    return () => {
      if (this.#roots.delete(own)) this.#countRoots();
    };
  }

  addTraverse(type: unknown, fn: TraverseFunction): () => void {
    const known = this.#types.requireRecord("addTraverse", type);
    requireFunction("addTraverse", "fn", fn);
    this.#lifecycle.started();
    const own: TraverseFunction = (self, visit) => fn(self, visit);
    const others = this.#traversals.get(known.id);
    if (others === undefined) {
      const derived = this.#types.all().filter(({ id }) => this.#types.isDerived(id, known.id));
      for (const { id } of derived) this.#requireTraversable(id);
      for (const { id } of derived) this.#mark(id);
      this.#traversals.set(known.id, new Set([own]));
    } else others.add(own);
    return () => void this.#traversals.get(known.id)?.delete(own);
  }

  /** A type was defined: what holds for its base holds for it. */
  defined(type: number): void {
    if (this.#functions(type).length > 0) this.#mark(type);
  }

  /** The object layer was made, perhaps anew after a reset. */
  start(): void {
    for (const { id } of this.#types.all()) this.defined(id);
    if (this.#roots.size === 0) return;
    this.startDeferring("start");
    this.#countRoots();
  }

  /** The heap is about to be disposed of: nothing is a root any more. */
  clearRoots(): void {
    if (this.#roots.size === 0) return;
    this.#roots.clear();
    this.#countRoots();
  }

  /** Whether deaths are deferred. */
  get isDeferring(): boolean {
    return this.#lifecycle.isDeferring;
  }

  /** Deaths are deferred from now on. */
  startDeferring(operation: string): void {
    const request = (): number => this.#calls.abi.start_deferring();
    this.#calls.do(operation, 0, request, 0 as Ptr);
    this.#lifecycle.startDeferring();
  }

  // ---- what the core asks ----

  /** Visits all roots; false if one of the functions threw. */
  visitRoots(): boolean {
    return this.#visit("addRoots", this.#toCore, (visit) => {
      for (const fn of [...this.#roots]) fn(visit);
    });
  }

  /** Visits what the host owns on behalf of an object; false if one of the functions threw. */
  traverse(object: Ptr, type: number): boolean {
    return this.#visit("addTraverse", this.#toCore, (visit) => {
      for (const fn of this.#functions(type)) fn(object, visit);
    });
  }

  /** Releases that: the object dies. */
  release(object: Ptr, type: number, drop: (p: Ptr) => void): void {
    const owned: Ptr[] = [];
    const visit = (p: Ptr): void => {
      owned.push(this.#memory.require("visit", p));
    };
    this.#visit("addTraverse", visit, (visit) => {
      for (const fn of this.#functions(type)) fn(object, visit);
    });
    for (const p of owned) drop(p);
  }

  /** Runs what makes the core ask; what goes wrong in the functions is thrown if it was in vain, else reported. */
  awaiting(enter: () => number): number {
    const outer = this.#isAwaited;
    this.#isAwaited = true;
    let result: number;
    try {
      result = enter();
    } finally {
      this.#isAwaited = outer;
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) {
      if (result < 0) throw failure;
      this.#lifecycle.callbacks.report(failure);
    }
    return result;
  }

  readonly #toCore = (p: Ptr): void => {
    const core = this.#lifecycle.started();
    const fault = core.exports.visit(p);
    if (fault === FAULT_NONE) return;
    core.takeFault();
    if (fault === FAULT_MEMORY) throw this.#lifecycle.outOfMemory("visit", 0);
    throw this.#memory.deadError("visit", p);
  };

  #visit(operation: string, sink: (p: Ptr) => void, run: (visit: Visit) => void): boolean {
    const outer = this.#sink;
    this.#sink = sink;
    const visit: Visit = (ref) => {
      if (this.#sink !== sink) {
        const message = "visit: only while the function that it was given to runs";
        throw new HeapError("ERR_HEAP_BUSY", message, { operation: "visit" });
      }
      const p = ref === null ? 0 : this.#memory.resolve("visit", ref);
      if (p !== 0 && (p & this.#memory.tag) === 0) sink(p as Ptr);
    };
    const failed = this.#lifecycle.callbacks.attempt(() => run(visit));
    this.#sink = outer;
    if (failed === undefined) return true;
    const failure = failed.error instanceof HeapError ? failed.error : wrap(operation, failed.error);
    if (this.#isAwaited) this.#failure ??= failure;
    else this.#lifecycle.callbacks.report(failure);
    return false;
  }

  #functions(type: number): TraverseFunction[] {
    const found: TraverseFunction[] = [];
    for (let known = this.#types.at(type); known !== undefined; known = known.base)
      found.push(...(this.#traversals.get(known.id) ?? []));
    return found;
  }

  #countRoots(): void {
    this.#lifecycle.started().setState(STATE_ROOT_FUNCTIONS, this.#roots.size);
  }

  /** An acyclic type with references has asked not to be looked at. */
  #requireTraversable(id: number): void {
    const type = this.#types.at(id)!;
    const { refs, flags } = factsOf(type);
    if (refs.length === 0 || (flags & FLAG_CONTAINER) !== 0) return;
    throw notTraversable(type.name, "is acyclic");
  }

  #mark(id: number): void {
    const fault = this.#calls.enter(() => this.#calls.abi.traverse_type(id));
    if (fault === FAULT_NONE) return;
    this.#lifecycle.started().takeFault();
    throw notTraversable(this.#types.at(id)!.name, "has no references, and instances already");
  }
}

function notTraversable(name: string, why: string): HeapError {
  const message = `addTraverse: ${name} ${why}: the collector does not look at it`;
  return new HeapError("ERR_HEAP_TYPE", message, { operation: "addTraverse", argument: "type" });
}

/** What a function threw: nothing can be decided without it. */
function wrap(operation: string, cause: unknown): HeapError {
  const message = `a function given to ${operation} threw; nothing was freed`;
  return new HeapError("ERR_HEAP_ARGUMENT", message, { operation, argument: "fn" }, { cause });
}
