import * as layout from "../generated/layout.js";
import { argumentError, optionError } from "../core/arguments.js";
import { Core } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import { WASM_PAGE_BYTES } from "../core/memory.js";
import { readOptions, type HeapOptions, type Settings } from "../core/options.js";
import type { Ptr } from "../core/ptr.js";
import { readImage, type Image } from "../image/image.js";
import { typeOptions, type Notes, type TypeNote } from "../image/notes.js";
import { factsOf, type KnownType } from "../objects/types/type.js";
import type { WeakCallback } from "../objects/weak/weakrefs.js";
import { compile } from "./create.js";
import { entryOf } from "./entries.js";
import { objectLayerOf, type RecordHeap } from "./record-heap.js";
import { freshMemory, settle } from "./trim.js";

/** Options that an image has an answer to. */
type Fixed = "initialBytes" | "smallThreshold" | "poolBytes" | "clientBytes" | "memory";

/** Functions by their names; or what gives the function of a name and of the object that it belongs to. */
export type Bindings<F> = Readonly<Record<string, F>> | ((name: string, ptr: Ptr) => F | undefined);

/**
 * Options of `Heap.restore`: those of `createHeap`, but for what the image says, and the functions that belong to the
 * heap, which no image can hold.
 */
export interface RestoreOptions extends Omit<HeapOptions, Fixed> {
  /** Finalizers by the names of their types. Every type that had one of its own needs one; null: it does nothing. */
  readonly types?: Readonly<Record<string, { readonly finalize: ((self: Ptr) => void) | null }>> | undefined;
  /** Callbacks of weak references by the names of the functions, or asked for with name and weak reference. */
  readonly callbacks?: Bindings<WeakCallback> | undefined;
  /** Functions of `heap.finalize` by their names, or asked for with name and object. */
  readonly finalizers?: Bindings<() => unknown> | undefined;
}

const FIXED: readonly string[] = ["initialBytes", "smallThreshold", "poolBytes", "clientBytes", "memory"];

/** Where the functions of a restored heap come from. */
interface Functions {
  finalizer(type: TypeNote): ((self: Ptr) => void) | undefined;
  callback(name: string, weakref: Ptr, token: number): WeakCallback | undefined;
  onDeath(name: string, ptr: Ptr, index: number): (() => unknown) | undefined;
}

/**
 * A new heap from an image.
 * @throws HeapError `ERR_HEAP_CORRUPT`, `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
 */
export function restoreHeap(bytes: unknown, options: RestoreOptions): RecordHeap {
  if (!(bytes instanceof Uint8Array)) throw argumentError("restore", "bytes", bytes, "a Uint8Array");
  if (typeof options !== "object" || options === null) throw optionError("options", options, "an object");
  for (const name of FIXED)
    if ((options as Record<string, unknown>)[name] !== undefined)
      throw argumentError(
        "restore",
        name,
        (options as Record<string, unknown>)[name],
        "left out: the image says",
      );
  const { types, callbacks, finalizers, ...rest } = options;
  const image = readImage(bytes);
  const { types: typeNotes } = image.notes as Notes;
  requireNames(
    "types",
    types,
    typeNotes.map(({ name }) => name),
  );
  const functions: Functions = {
    finalizer: ({ name }) => {
      const binding = types?.[name];
      if (binding === undefined) throw missing("types", name, "a finalizer");
      return binding.finalize ?? (() => {});
    },
    callback: (name, weakref) => bound("callbacks", callbacks, name, weakref),
    onDeath: (name, ptr) => bound("finalizers", finalizers, name, ptr),
  };
  const entry = entryOf(image.kind);
  if (entry === undefined) {
    const from = image.kind === "release" ? "tallyheap" : `tallyheap/${image.kind}`;
    throw new HeapError("ERR_HEAP_ARGUMENT", `restore: the image is of a heap of ${from}: import it first`);
  }
  const settings = {
    ...readOptions({ ...collectorOptions(image), ...rest }),
    strict: image.kind === "debug",
  };
  const module = settings.module === undefined ? entry.module() : compile(settings.module);
  return build(image, settings, module, functions, rest);
}

/** A new heap with the same content, options and functions as `heap`, whose image it is given. */
export function cloneHeap(bytes: Uint8Array, heap: RecordHeap): RecordHeap {
  const { types, weakrefs, finalizers, calls } = objectLayerOf(heap);
  const { settings } = calls.lifecycle;
  const callbacks = new Map(weakrefs.all());
  const waiting = finalizers.all();
  const functions: Functions = {
    finalizer: ({ id }) => factsOf(types.at(id)!).finalize,
    callback: (_, __, token) => callbacks.get(token),
    onDeath: (_, __, index) => waiting[index]?.fn,
  };
  const core = calls.lifecycle.live();
  return build(readImage(bytes), { ...settings, memory: undefined }, core.module, functions, {});
}

function build(
  image: Image,
  settings: Settings,
  module: WebAssembly.Module,
  functions: Functions,
  options: Omit<HeapOptions, Fixed>,
): RecordHeap {
  const notes = image.notes as Notes;
  const memory = freshMemory("restore", image.arenas, settings.maxPages);
  image.copyTo(new Uint8Array(memory.buffer));
  const core = settle(new Core(module, image.kind, memory), image.arenas);
  core.setState(layout.STATE_LIMIT, settings.maxPages);
  if (options.growth !== undefined) {
    core.setState(layout.STATE_GROWTH_FACTOR, settings.growth.factor);
    core.setState(layout.STATE_GROWTH_FLOOR, settings.growth.floor);
    core.setState(layout.STATE_GROWTH_CAP, settings.growth.cap);
  }
  const taggedInts = settings.taggedInts || core.state(layout.STATE_TAGGED) !== 0;
  const heap = entryOf(image.kind)!.make(core, { ...settings, taggedInts });
  if (core.state(layout.STATE_TYPES) !== 0) bindObjects(heap, notes, functions, options);
  return heap;
}

/** Tells the object layer of a new heap what its memory has. */
function bindObjects(heap: RecordHeap, notes: Notes, functions: Functions, options: HeapOptions): void {
  const { types, weakrefs, finalizers, counts, collector, calls, deferral, externalBytes } =
    objectLayerOf(heap);
  const core = calls.lifecycle.started();
  deferral.adopt();
  const known = new Map<number, KnownType>();
  for (const note of notes.types) {
    const finalize = note.hasFinalizer ? functions.finalizer(note) : undefined;
    known.set(note.id, types.adopt(note.id, typeOptions(note, known.get(note.base), finalize)));
  }
  externalBytes.restore(notes.externalBytes);
  // What a weak collection owned is nobody's now.
  const watches = new Set(notes.watches);
  const places = notes.callbacks.length > 0 ? weakrefsByToken(core) : undefined;
  for (const [token, name] of notes.callbacks) {
    const weakref = (places?.get(token) ?? 0) as Ptr;
    const callback = watches.has(weakref) ? undefined : functions.callback(name, weakref, token);
    if (callback) weakrefs.bind(token, callback);
  }
  for (const weakref of watches) counts.drop(weakref as Ptr);
  notes.finalizers.forEach(([ptr, name, atexit], index) => {
    const fn = functions.onDeath(name, ptr as Ptr, index);
    if (fn) finalizers.add(ptr as Ptr, fn).atexit = atexit;
  });
  collector.restore({
    ...notes.collector,
    isEnabled: options.autoCollect ?? notes.collector.isEnabled,
    thresholds: options.thresholds ?? notes.collector.thresholds,
  });
}

function weakrefsByToken({ exports, linear }: Core): Map<number, number> {
  const places = new Map<number, number>();
  for (let p = exports.object_next(0) >>> 0; p !== 0; p = exports.object_next(p) >>> 0) {
    if ((linear.word(p + layout.OBJECT_META) & layout.META_TYPE) !== layout.TYPE_WEAKREF) continue;
    places.set(linear.word(p + layout.WEAKREF_CALLBACK) | 0, p);
  }
  return places;
}

/** What the image says where the options say nothing. */
function collectorOptions(image: Image): HeapOptions {
  const { isEnabled, thresholds } = (image.notes as Notes).collector;
  return { maxBytes: image.limit * WASM_PAGE_BYTES, autoCollect: isEnabled, thresholds: [...thresholds] };
}

function bound<F>(option: string, bindings: Bindings<F> | undefined, name: string, ptr: Ptr): F | undefined {
  if (typeof bindings === "function") return bindings(name, ptr);
  const fn = bindings && Object.hasOwn(bindings, name) ? bindings[name] : undefined;
  if (fn === undefined) throw missing(option, name, "a function");
  return fn;
}

function missing(option: string, name: string, what: string): HeapError {
  const message = `restore: the image needs ${what} for "${name}": pass it in the option ${option}`;
  return new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "restore", argument: option, value: name });
}

function requireNames(option: string, given: object | undefined, known: readonly string[]): void {
  for (const name of Object.keys(given ?? {})) {
    if (!known.includes(name))
      throw argumentError("restore", `${option}.${name}`, name, "a name that the image has");
  }
}
