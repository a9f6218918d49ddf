import type { Engine } from "../../core/lifecycle.js";
import { HeapError, hex, show } from "../../core/errors.js";
import { makeDisposable } from "../../heap/dispose.js";
import { isU32, type Ptr } from "../../core/ptr.js";
import type { Handles, HandleRecord } from "./handles.js";

/** The pointer of a handle that belongs to the heap of `engine`. */
let handlePtr: (handle: Handle, engine: Engine, operation: string) => Ptr;

/**
 * Owns exactly one reference to an object, until `dispose()` or `release()`. Made by `heap.own` and by `dup`; accepted
 * wherever a pointer to an object is, and by `bytes`. What *steals* a reference takes it from the handle, which ends:
 * `decref`, `stealRef`, `own`, and `adopt` and `own` of scopes.
 *
 *     using name = heap.own(heap.str("Ada"));
 *
 * A handle that the program forgets is found when the host collects it; what happens then is the heap's option
 * `forgottenHandles`.
 */
export class Handle implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #handles: Handles;
  readonly #ptr: Ptr;
  /** Undefined once the handle owns nothing. */
  #record: HandleRecord | undefined;

  /** @internal Use `heap.own`. */
  constructor(handles: Handles, record: HandleRecord) {
    this.#handles = handles;
    this.#ptr = record.ptr;
    this.#record = record;
  }

  static {
    handlePtr = (handle, engine, operation) => {
      if (handle.#handles.engine !== engine) throw foreignError(operation, handle.#ptr);
      handle.#owned(operation);
      return handle.#ptr;
    };
  }

  /**
   * The object, *borrowed* from the handle.
   * @throws HeapError `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  get ptr(): Ptr {
    this.#owned("ptr");
    return this.#ptr;
  }

  /** Does the handle own nothing any more? Also true once the heap is disposed of. */
  get disposed(): boolean {
    return this.#record === undefined || this.#record.ended || this.#handles.engine.disposed;
  }

  /**
   * A *new* handle with a reference of its own to the same object.
   * @throws HeapError `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  dup(): Handle {
    this.#owned("dup");
    return this.#handles.dup(this.#ptr);
  }

  /**
   * The reference itself, *new* to the caller, who must see to it from now on; the handle is disposed of.
   * @throws HeapError `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  release(): Ptr {
    const record = this.#owned("release");
    this.#record = undefined;
    this.#handles.forget(this, record);
    return this.#ptr;
  }

  /** Releases the reference. May be repeated; does nothing once the heap is disposed of. */
  dispose(): void {
    const record = this.#record;
    this.#record = undefined;
    if (record === undefined || record.ended) return;
    this.#handles.end(this, record);
  }

  /** The state as text, for consoles. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.disposed ? `Handle { disposed }` : `Handle { ${this.#handles.describe(this.#ptr)} }`;
  }

  #owned(operation: string): HandleRecord {
    if (this.#record !== undefined && !this.disposed) return this.#record;
    const message = `${operation}: the handle to the object at ${hex(this.#ptr)} was disposed of`;
    throw new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", message, { operation, ptr: this.#ptr });
  }
}

makeDisposable(Handle.prototype);

/** The pointer that a handle of the heap of `engine`, or whatever came in place of a pointer, stands for. */
export function resolve(engine: Engine, operation: string, value: unknown): Ptr {
  if (value instanceof Handle) return handlePtr(value, engine, operation);
  if (isU32(value)) return value as Ptr;
  const message = `${operation}: a pointer or a handle of this heap is needed, not ${show(value)}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation, argument: "ptr", value });
}

function foreignError(operation: string, ptr: Ptr): HeapError {
  const message = `${operation}: the handle belongs to another heap`;
  return new HeapError("ERR_HEAP_FOREIGN_HANDLE", message, { operation, ptr });
}
