/**
 * Death hooks: what runs between the last reference and the release of the fields. Finalizer, resurrection check, weak
 * references with their callbacks, what the host registered (PEP 442).
 */
import {
  COUNT_LIMIT,
  FAULT_DOUBLE_FREE,
  FLAG_CONTAINER,
  FLAG_WEAKREF,
  META_DYING,
  META_FINALIZED,
  META_FINALIZER,
  META_HOST,
  META_INTERNED,
  META_OLDER,
  META_OLDEST,
  META_RITES,
  META_TRACKED,
  META_TYPE,
  META_WEAK,
  TYPE_FLAGS,
  TYPE_WEAKREF,
} from "../../layout";
import { fault } from "../../alloc/malloc";
import { describe, metaOf, setMeta } from "../core/header";
import { runFinalizer } from "../core/host";
import { markYoung } from "../core/young-pages";
import { forgetInterned } from "../values/intern";
import { pushDeferred } from "./deferred";
import { clearWeakrefs, dropWeakref, runCallbacks, unlinkWeakref } from "./weak";

/**
 * The object's count is 1 for the time. False if it lives on. Host code may run: nothing that the caller knows of the
 * heap is certain afterwards, except what is dying.
 */
export function runDeathHooks(object: usize): bool {
  let meta = metaOf(object);
  if (meta & META_RITES) {
    fault(FAULT_DOUBLE_FREE, object);
    return false;
  }
  const flags = load<u32>(describe(meta), TYPE_FLAGS);
  if (meta & META_FINALIZER && !(flags & FLAG_WEAKREF)) {
    if (!(flags & FLAG_CONTAINER && meta & META_FINALIZED)) {
      if (flags & FLAG_CONTAINER) {
        // Resurrected or not, what a finalizer saw is young again (CPython tracks it anew).
        meta = (meta | META_FINALIZED | META_TRACKED) & ~(META_OLDER | META_OLDEST);
        markYoung(object);
      }
      setMeta(object, meta | META_RITES);
      runFinalizer(object, meta & META_TYPE);
      meta = metaOf(object) & ~META_RITES;
      setMeta(object, meta);
      const count = load<i32>(object);
      if (count != 1) {
        if (count < COUNT_LIMIT) store<i32>(object, count - 1);
        return false;
      }
    }
  }
  setMeta(object, (meta | META_DYING) & ~META_TRACKED);
  if (meta & META_INTERNED) forgetInterned(object);
  if (meta & META_WEAK) runCallbacks(clearWeakrefs(object));
  if (meta & META_FINALIZER && flags & FLAG_WEAKREF) dropWeakref(object);
  if (metaOf(object) & META_HOST) {
    setMeta(object, metaOf(object) & ~META_HOST);
    runFinalizer(object, 0);
  }
  return true;
}

/**
 * Runs the finalizer of an object that the collector found to be trash, at most once. The caller holds a reference
 * and looks for resurrection afterwards.
 */
export function callFinalizer(object: usize): void {
  const meta = metaOf(object);
  if (meta & META_FINALIZED || !(meta & META_FINALIZER)) return;
  setMeta(object, meta | META_FINALIZED);
  runFinalizer(object, meta & META_TYPE);
}

/**
 * The death of an object waits on the list whose head stands in the word `list`. The link takes the place of the count,
 * so nobody may find the object any more: its referent, if it is a weak reference, or intern().
 */
export function postpone(object: usize, meta: u32, list: u32): void {
  if ((meta & META_TYPE) == TYPE_WEAKREF) unlinkWeakref(object);
  if (meta & META_INTERNED) forgetInterned(object);
  pushDeferred(object, meta, list);
}
