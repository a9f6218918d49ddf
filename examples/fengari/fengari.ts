import { createRequire } from "node:module";
import { join, sep } from "node:path";
import type { Heap } from "tallyheap";
import { patchedFengari } from "./patched.js";
import { createStore, type Store } from "./store.js";
import type { LuaState, TValue } from "./types.js";
import type { Values } from "./values.js";

const require = createRequire(import.meta.url);

const LUA_ERRRUN = 2;
const LUA_ERRGCMM = 5;
const CIST_FIN = 1 << 8;

/** fengari is written without types: functions of the C interface of Lua by their names. */
export type Module = Record<string, (...values: unknown[]) => unknown>;

/** The part of fengari's interface that the example uses; `to_luastring` makes the bytes of a text. */
export interface Fengari {
  readonly lua: Module;
  readonly lauxlib: Module;
  readonly lualib: Module;
  to_luastring(text: string): Uint8Array;
  to_jsstring(bytes: Uint8Array): string;
}

interface Internals {
  readonly ldo: Module;
  readonly ldebug: Module;
  readonly lobject: Module;
}

/** A copy of fengari whose values live in a heap. */
export interface Lua {
  readonly fengari: Fengari;
  /** What the sources call. */
  readonly store: Store;
  readonly internals: { readonly TValue: Values["TValue"]; luaS_hash(bytes: Uint8Array): string };
  /** Runs a program in a state of its own, with all libraries, and closes it; the message of the error that ended it. */
  run(source: string | Uint8Array): string | undefined;
  /** Closes all states that are open, their finalizers called. */
  closeStates(): void;
  /** The same, and lets go of the heap. */
  dispose(): void;
}

/**
 * Loads a copy of fengari that keeps its values in `heap`. Whoever requires its modules from `directory` gets this copy,
 * until the next one is loaded.
 */
export function loadLua(heap: Heap, directory = patchedFengari()): Lua {
  for (const path of Object.keys(require.cache)) {
    if (path.startsWith(directory + sep)) Reflect.deleteProperty(require.cache, path);
  }
  const load = <T>(name: string): T => require(join(directory, "src", name)) as T;
  const late = {} as Internals;
  const { store, finalizers, close } = createStore(heap, {
    push: (L, value) => void late.lobject["pushobj2s"]!(L, value),
    drop: (L) => void late.lobject["drop"]!(L, --L.top),
    call: (L) => callFinalizer(late, L),
    raise: (L) => raiseFinalizer(late, fengari, L),
    runError: (L, message) => {
      late.ldebug["luaG_runerror"]!(L, fengari.to_luastring(message));
      throw new Error("not reached");
    },
  });
  Object.assign(load<object>("lheap.js"), store);
  const fengari = load<Fengari>("fengari.js");
  Object.assign(late, { ldo: load("ldo.js"), ldebug: load("ldebug.js"), lobject: load("lobject.js") });
  return {
    fengari,
    store,
    internals: {
      ...load<{ TValue: Values["TValue"] }>("lobject.js"),
      ...load<{ luaS_hash(bytes: Uint8Array): string }>("lstring.js"),
    },
    run(source: string | Uint8Array): string | undefined {
      const { lua, lauxlib, lualib } = fengari;
      const L = lauxlib["luaL_newstate"]!();
      lualib["luaL_openlibs"]!(L);
      const bytes = typeof source === "string" ? fengari.to_luastring(source) : source;
      const failed = lauxlib["luaL_loadstring"]!(L, bytes) !== 0 || lua["lua_pcall"]!(L, 0, 0, 0) !== 0;
      const message = failed ? String(lua["lua_tojsstring"]!(L, -1)) : undefined;
      lua["lua_close"]!(L);
      heap.gc();
      return message;
    },
    closeStates(): void {
      for (const { mainthread } of [...finalizers.states]) fengari.lua["lua_close"]!(mainthread);
      // Closures and the variables that they captured hold each other.
      heap.gc();
    },
    dispose(): void {
      this.closeStates();
      close();
    },
  };
}

/** Lua's GCTM: calls what is on top of the stack, with collections of its own kind off. */
function callFinalizer({ ldo }: Internals, L: LuaState): boolean {
  const hooks = L.allowhook;
  const { ci } = L;
  L.allowhook = 0;
  ci.callstatus |= CIST_FIN;
  const func = L.top - 2;
  const status = ldo["luaD_pcall"]!(L, () => void ldo["luaD_callnoyield"]!(L, func, 0), null, func, 0);
  ci.callstatus &= ~CIST_FIN;
  L.allowhook = hooks;
  if (status === LUA_ERRRUN || status === 0) return status === 0;
  return false;
}

/** Wraps the error on top of the stack, and throws it. */
function raiseFinalizer({ ldo, lobject }: Internals, fengari: Fengari, L: LuaState): void {
  const error = L.stack[L.top - 1] as TValue & { ttisstring(): boolean; svalue(): Uint8Array };
  const message = error.ttisstring() ? error.svalue() : fengari.to_luastring("no message");
  lobject["luaO_pushfstring"]!(L, fengari.to_luastring("error in __gc metamethod (%s)"), message);
  ldo["luaD_throw"]!(L, LUA_ERRGCMM);
}
