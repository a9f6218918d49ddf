import { makeDisposable } from "../../core/disposable.js";
import { HeapError, hex, show } from "../../core/errors.js";
import type { Lifecycle } from "../../core/lifecycle.js";
import { isU32, type Ptr } from "../../core/ptr.js";

/** A reference as methods accept it: a pointer, or a handle that stands for one. */
export type Ref = Ptr | Handle;

/** A reference to store: null is one. */
export type Value = Ref | null;

/** What the heap keeps of a handle: never the handle itself, so that the host can collect it. */
export interface HandleRecord {
  readonly ptr: Ptr;
  /** Debug entry: where the handle was made, until it owns nothing. */
  trace: { readonly text: string } | undefined;
  /** Whether the heap was emptied under the handle. */
  ended: boolean;
  /** Index among the records of the heap. */
  index: number;
}

/** What a handle needs of its heap. */
export interface HandleOwner {
  readonly lifecycle: Lifecycle;
  /** A handle with a reference of its own. */
  dup(ptr: Ptr): Handle;
  /** The handle lets go of its reference without releasing it. */
  forget(handle: Handle, record: HandleRecord): void;
  /** The handle releases its reference. */
  end(handle: Handle, record: HandleRecord): void;
  /** An object for people, in one line. */
  inspect(ptr: Ptr): string;
}

/** The pointer of a handle that belongs to the heap of `lifecycle`. */
let handlePtr: (handle: Handle, lifecycle: Lifecycle, operation: string) => Ptr;

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
  readonly #owner: HandleOwner;
  readonly #ptr: Ptr;
  /** Undefined once the handle owns nothing. */
  #record: HandleRecord | undefined;

  /** @internal Use `heap.own`. */
  constructor(owner: HandleOwner, record: HandleRecord) {
    this.#owner = owner;
    this.#ptr = record.ptr;
    this.#record = record;
  }

  static {
    handlePtr = (handle, lifecycle, operation) => {
      if (handle.#owner.lifecycle !== lifecycle) throw foreignError(operation, handle.#ptr);
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

  /** Whether the handle owns nothing any more; also true once the heap is disposed of. */
  get disposed(): boolean {
    return this.#record === undefined || this.#record.ended || this.#owner.lifecycle.isDisposed;
  }

  /**
   * A *new* handle with a reference of its own to the same object.
   * @throws HeapError `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  dup(): Handle {
    this.#owned("dup");
    return this.#owner.dup(this.#ptr);
  }

  /**
   * The reference itself, *new* to the caller, who must see to it from now on; the handle is disposed of.
   * @throws HeapError `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  release(): Ptr {
    const record = this.#owned("release");
    this.#record = undefined;
    this.#owner.forget(this, record);
    return this.#ptr;
  }

  /** Releases the reference. May be repeated; does nothing once the heap is disposed of. */
  dispose(): void {
    const record = this.#record;
    this.#record = undefined;
    if (record === undefined || record.ended) return;
    this.#owner.end(this, record);
  }

  /** The object in one line, for people: `Handle { Node at 0x48000, count 1, next: null }`. */
  toString(): string {
    return `Handle { ${this.disposed ? "disposed" : this.#owner.inspect(this.#ptr)} }`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  #owned(operation: string): HandleRecord {
    if (this.#record !== undefined && !this.disposed) return this.#record;
    const message = `${operation}: the handle to the object at ${hex(this.#ptr)} was disposed of`;
    throw new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", message, { operation, ptr: this.#ptr });
  }
}

makeDisposable(Handle.prototype);

/** The pointer that a handle of the heap of `lifecycle`, or whatever came in place of a pointer, stands for. */
export function resolve(lifecycle: Lifecycle, operation: string, value: unknown): Ptr {
  if (value instanceof Handle) return handlePtr(value, lifecycle, operation);
  if (isU32(value)) return value as Ptr;
  const message = `${operation}: a pointer or a handle of this heap is needed, not ${show(value)}`;
  throw new HeapError("ERR_HEAP_ARGUMENT", message, { operation, argument: "ptr", value });
}

function foreignError(operation: string, ptr: Ptr): HeapError {
  const message = `${operation}: the handle belongs to another heap`;
  return new HeapError("ERR_HEAP_FOREIGN_HANDLE", message, { operation, ptr });
}
