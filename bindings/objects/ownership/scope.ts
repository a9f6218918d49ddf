import { requireFunction } from "../../core/arguments.js";
import { HeapError, show } from "../../core/errors.js";
import { disposeSymbol, makeDisposable } from "../../core/disposable.js";
import type { Ptr } from "../../core/ptr.js";
import type { Handle, Ref } from "../access/handle.js";
import type { Handles } from "./handles.js";

/** What a scope can hold: anything with `[Symbol.dispose]()`, or with `dispose()` where the host has no such symbol. */
export type ScopeResource = Disposable | { dispose(): void } | null | undefined;

/**
 * Owns what was put into it, and ends it all when the scope ends, newest first: JavaScript's `DisposableStack`, for
 * hosts without one too, and with `escape` and bare references. Made by `heap.scope` and `heap.scopeAsync`.
 *
 *     const total = heap.scope((s) => {
 *       const list = s.adopt(heap.list());        // a bare reference: released at the end
 *       const handle = s.own(heap.str("x"));      // a handle: disposed of at the end
 *       …
 *     });
 *
 * Only what was handed to the scope belongs to it. Every method throws `ERR_HEAP_USE_AFTER_DISPOSE` once the scope has
 * ended.
 */
export class Scope implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #handles: Handles;
  #entries: Entry[] = [];
  #disposed = false;

  /** @internal Use `heap.scope`. */
  constructor(handles: Handles) {
    this.#handles = handles;
  }

  /** Whether the scope has ended, by `dispose()` or by `move()`. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * Disposes of `resource`, such as a {@link Handle}, at the end; returns it. Null and undefined are let through.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if it cannot be disposed of, `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  use<T extends ScopeResource>(resource: T): T {
    this.#requireOpen("use");
    if (resource === null || resource === undefined) return resource;
    const dispose = disposerOf(resource);
    this.#entries.push({ value: resource, end: () => dispose.call(resource) });
    return resource;
  }

  /**
   * *Steals* a reference, which the scope releases at its end; returns the pointer, *borrowed*. A handle that owned the
   * reference ends; `use` keeps one. With a second argument as in `DisposableStack`: any value, and what to do with it
   * at the end.
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_BAD_POINTER`, `ERR_HEAP_USE_AFTER_FREE`,
   * `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  adopt(ref: Ref): Ptr;
  adopt<T>(value: T, onDispose: (value: T) => void): T;
  adopt<T>(value: T, onDispose?: (value: T) => void): T | Ptr {
    this.#requireOpen("adopt");
    if (onDispose === undefined) {
      const ptr = this.#handles.steal("adopt", value);
      this.#entries.push({ value: ptr, end: this.#handles.releaserOf(ptr) });
      return ptr;
    }
    requireFunction("adopt", "onDispose", onDispose);
    this.#entries.push({ value, end: () => onDispose(value) });
    return value;
  }

  /** Calls `onDispose` at the end. */
  defer(onDispose: () => void): void {
    this.#requireOpen("defer");
    requireFunction("defer", "onDispose", onDispose);
    this.#entries.push({ value: undefined, end: onDispose });
  }

  /**
   * A handle on `ref` (*steals* the reference) that the scope disposes of: `use(heap.own(ref))`.
   * @throws HeapError as `heap.own`
   */
  own(ref: Ref): Handle {
    this.#requireOpen("own");
    return this.use(this.#handles.own(ref));
  }

  /**
   * Takes back what was given with `use`, `own` or `adopt`: it outlives the scope, and the caller owns it again (a
   * handle, or the reference that was stolen). Returns it.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if the scope does not have it, `ERR_HEAP_USE_AFTER_DISPOSE`
   */
  escape<T>(value: T): T {
    this.#requireOpen("escape");
    let index = this.#entries.length - 1;
    while (index >= 0 && this.#entries[index]!.value !== value) index--;
    if (index < 0 || value === undefined) throw notHere(value);
    this.#entries.splice(index, 1);
    return value;
  }

  /** A new scope that owns everything; this one has ended without disposing of anything. */
  move(): Scope {
    this.#requireOpen("move");
    const moved = new Scope(this.#handles);
    moved.#entries = this.#entries;
    this.#entries = [];
    this.#disposed = true;
    return moved;
  }

  /**
   * Ends the scope: disposes of what it owns, newest first; a failure does not stop the rest. May be repeated.
   * @throws what failed; several failures together as an `AggregateError`, in the order in which they happened
   */
  dispose(): void {
    const errors = this.end([]);
    if (errors.length > 0) throw together(errors);
  }

  /** @internal Ends the scope after `errors`; returns them with those of the disposals. */
  end(errors: unknown[]): unknown[] {
    this.#disposed = true;
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      try {
        entry.end();
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }

  #requireOpen(operation: string): void {
    if (!this.#disposed) return;
    const message = `scope.${operation}: the scope has ended`;
    throw new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", message, { operation });
  }
}

makeDisposable(Scope.prototype);

interface Entry {
  readonly value: unknown;
  readonly end: () => void;
}

/** Runs `body` with a scope that ends when it returns or throws. */
export function runScope<T>(handles: Handles, body: (scope: Scope) => T): T {
  requireFunction("scope", "body", body);
  const scope = new Scope(handles);
  let result: T;
  try {
    result = body(scope);
  } catch (error) {
    throw together(scope.end([error]));
  }
  scope.dispose();
  return result;
}

/** Runs `body` with a scope that ends when the promise it returns is settled. */
export async function runScopeAsync<T>(
  handles: Handles,
  body: (scope: Scope) => PromiseLike<T> | T,
): Promise<T> {
  requireFunction("scopeAsync", "body", body);
  const scope = new Scope(handles);
  let result: T;
  try {
    result = await body(scope);
  } catch (error) {
    throw together(scope.end([error]));
  }
  scope.dispose();
  return result;
}

/** One failure as it is; several as one, none lost. */
function together(errors: unknown[]): unknown {
  if (errors.length === 1) return errors[0];
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  return new AggregateError(errors, `${errors.length} failures in a scope: ${messages.join("; ")}`);
}

function disposerOf(resource: object): () => void {
  const candidate = resource as { dispose?: unknown } & Record<symbol, unknown>;
  const dispose = candidate[disposeSymbol] ?? candidate.dispose;
  if (typeof dispose === "function") return dispose as () => void;
  const message = `scope.use: ${show(resource)} has neither [Symbol.dispose]() nor dispose()`;
  const details = { operation: "use", argument: "resource", value: resource };
  throw new HeapError("ERR_HEAP_ARGUMENT", message, details);
}

function notHere(value: unknown): HeapError {
  const message = "scope.escape: the scope does not own that";
  return new HeapError("ERR_HEAP_ARGUMENT", message, { operation: "escape", argument: "value", value });
}
