/**
 * Death at count zero, in CPython's order: finalizer, weak references, fields, memory; depth first, fields in the order
 * of the descriptor, items from the last to the first, a dict's entries in the order of insertion, key before value.
 *
 * The walk is iterative and takes no memory (pointer reversal). When a slot held the last reference to a child, the
 * child's count word takes the address of that slot, and the slot takes the address of the parent:
 *
 *   parent ──slot──▶ child        becomes        parent ◀──slot── child
 *
 * so the way back is found from the child alone. If nothing is left behind the slot, the parent is released at once and
 * the child takes its place; a chain is then freed in one pass.
 *
 * Finalizer and callbacks of a child run before it is linked, with the heap in order: PEP 442 needs its count word.
 * They may allocate, free, resurrect and collect. What is linked is marked as dying, untracked, and reached by nobody.
 */
import {
  COUNT_LIMIT,
  FAULT_CORRUPT,
  FAULT_DOUBLE_FREE,
  FAULT_NONE,
  FLAG_CONTAINER,
  FLAG_PAIR,
  FLAG_WEAKREF,
  META_DYING,
  META_FINALIZED,
  META_FINALIZER,
  META_HOOKS,
  META_HOST,
  META_INTERNED,
  META_LEAF,
  META_OLDER,
  META_OLDEST,
  META_FINALIZING,
  META_TRACKED,
  META_TRASH,
  META_TYPE,
  META_WEAK,
  META_WHITE,
  NESTING_LIMIT,
  OBJECT_FIELDS,
  STATE_CRITICAL,
  STATE_DEATH_SLOT,
  STATE_DEFERRED,
  STATE_DRAINING,
  STATE_HOSTED,
  STATE_NESTING,
  TYPE_FLAGS,
  TYPE_WEAKREF,
  TypeDescriptor,
} from "../../layout";
import { setWord, word } from "../../state";
import { fault } from "../../alloc/malloc";
import { fewerYoung } from "../core/alloc";
import { giveBlock } from "../core/blocks";
import { cacheFixed } from "../core/free-lists";
import { describe, metaOf, setMeta } from "../core/header";
import { runFinalizer } from "../core/host";
import { forgetInterned } from "../values/intern";
import { STUCK, isRecord, walkRecords } from "./records";
import { isRow, walkRows } from "./lists";
import { beforeFirst, link, ownsAfter, releaseAfter } from "./slots";
import { close, dieAtOnce } from "./dealloc-fast";
import { clearWeakrefs, dropWeakref, runCallbacks, unlinkWeakref } from "./weak";
import { markYoung } from "../core/young-pages";

/** Releases a reference. What goes wrong is noted as a fault. */
// @ts-ignore: decorator
@inline
export function decref(object: usize): void {
  const count = load<i32>(object);
  if (count > 1) {
    if (count < COUNT_LIMIT) store<i32>(object, count - 1);
    return;
  }
  release(object);
}

/** Releases a reference; FAULT_NONE, or what is wrong with it. */
export function release(object: usize): u32 {
  return dieAtOnce(object, false) ? FAULT_NONE : releaseSlowly(object);
}

/** release for callers that want the fast path in their own code. */
// @ts-ignore: decorator
@inline
export function releaseInline(object: usize): u32 {
  return dieAtOnce(object, false) ? FAULT_NONE : releaseSlowly(object);
}

function releaseSlowly(object: usize): u32 {
  const count = load<i32>(object);
  if (count < 1) return fault(FAULT_DOUBLE_FREE, object);
  if (count == 1) return destroy(object, metaOf(object));
  if (count < COUNT_LIMIT) store<i32>(object, count - 1);
  return FAULT_NONE;
}

/** The last reference is gone. Far down in nested finalizers the death waits for the outermost one. */
function destroy(object: usize, meta: u32): u32 {
  if (meta & META_FINALIZING) return fault(FAULT_DOUBLE_FREE, object);
  if (word(STATE_CRITICAL)) return fault(FAULT_CORRUPT, object);
  if (word(STATE_NESTING) > NESTING_LIMIT) {
    postpone(object, meta, STATE_DEFERRED);
    return FAULT_NONE;
  }
  die(object);
  if (word(STATE_DEFERRED)) drain();
  return FAULT_NONE;
}

/**
 * The death of an object waits: it is put on the list whose head stands in the word `list`. The link takes the place of
 * the count, so nobody may find the object any more: its referent, if it is a weak reference, or intern(). Trash that
 * dies in a collection and waits for its end is that collection's no more: its finalizer may bring it back.
 */
export function postpone(object: usize, meta: u32, list: u32): void {
  if ((meta & META_TYPE) == TYPE_WEAKREF) unlinkWeakref(object);
  if (meta & META_INTERNED) forgetInterned(object);
  setMeta(object, (meta | META_DYING) & ~(META_TRACKED | META_INTERNED | META_WHITE | META_TRASH));
  store<u32>(object, word(list));
  setWord(list, <u32>object);
}

/** Lets the deferred objects die. The collector calls it after finalizers that it ran itself. */
export function drain(): void {
  if (word(STATE_NESTING) || word(STATE_DRAINING)) return;
  setWord(STATE_DRAINING, 1);
  let object = <usize>word(STATE_DEFERRED);
  while (object && !word(STATE_CRITICAL)) {
    setWord(STATE_DEFERRED, load<u32>(object));
    store<u32>(object, 1);
    setMeta(object, metaOf(object) & ~META_DYING);
    die(object);
    object = word(STATE_DEFERRED);
  }
  setWord(STATE_DRAINING, 0);
}

// ---- the walk ----

function die(root: usize): void {
  if (metaOf(root) & META_HOOKS && !lastRites(root)) return;
  walk(root);
}

/**
 * Steps of the walk that one call takes: V8 changes to optimised code when a function is entered, so in one call the
 * first large death of a process took twice as long as the next (a tree and a chain of a million records, new processes).
 * The debug core pauses after every few steps, so that its tests meet a pause wherever there can be one.
 */
const BATCH: u32 = isDefined(TALLYHEAP_DEBUG) ? 3 : 4096;

/**
 * Releases what an object owns, and the object. Three loops take turns; each goes on from nothing but the object where
 * the last one stopped, which is linked, and the slot that was released last. What is next to a STUCK slot is for walkOn.
 */
function walk(root: usize): void {
  enterCritical();
  let object = root;
  let meta = metaOf(root);
  let type = describe(meta);
  let slot = beforeFirst(root, type, load<u32>(type, TYPE_FLAGS));
  let isRoot = true;
  for (;;) {
    if (!(slot & STUCK) && isRecord(type)) object = walkRecords(object, slot, isRoot, BATCH);
    else if (!(slot & STUCK) && isRow(type, meta)) object = walkRows(object, slot, isRoot, BATCH);
    else object = walkOn(object, slot & ~STUCK, isRoot, BATCH);
    if (!object) break;
    slot = word(STATE_DEATH_SLOT);
    isRoot = false;
    meta = metaOf(object);
    type = describe(meta);
  }
  leaveCritical();
}

/**
 * At most `left` steps of the walk from `object` on, whose slot `slot` was released last; it was linked, unless `isRoot`.
 * Where the walk stands then; 0 at its end.
 */
function walkOn(object: usize, slot: usize, isRoot: bool, left: u32): usize {
  // `object` is held by the slot `via` of `parent`. It is linked when the walk goes deeper, or pauses, or runs host
  // code: an object that owns nothing but leaves needs no link at all.
  let via: usize = 0;
  let parent: usize = 0;
  let type = describe(metaOf(object));
  let flags = load<u32>(type, TYPE_FLAGS);
  if (!isRoot) {
    via = load<u32>(object);
    parent = via ? <usize>load<u32>(via) : 0;
  }
  let dead: u32 = 0;
  while (--left) {
    slot = releaseAfter(object, type, flags, slot);
    let child: usize = 0;
    let childType: usize = 0;
    let childFlags: u32 = 0;
    if (slot) {
      child = load<u32>(slot);
      const meta = metaOf(child);
      if (meta & META_HOOKS) {
        link(object, via, parent);
        fewerYoung(dead);
        dead = 0;
        leaveCritical();
        const dies = lastRites(child);
        enterCritical();
        if (!dies) continue;
      }
      childType = describe(meta);
      childFlags = load<u32>(childType, TYPE_FLAGS);
      if (meta & META_LEAF || (childFlags & FLAG_PAIR && !load<u64>(child, OBJECT_FIELDS))) {
        dead += childFlags & FLAG_CONTAINER;
        if (!cacheFixed(child, changetype<TypeDescriptor>(childType))) giveBlock(child);
        continue;
      }
      if (ownsAfter(object, type, flags, slot)) {
        link(object, via, parent);
        parent = object;
        via = slot;
        object = child;
        type = childType;
        flags = childFlags;
        slot = beforeFirst(object, type, flags);
        continue;
      }
    }
    dead += flags & FLAG_CONTAINER;
    close(object, type, flags);
    if (child) {
      object = child;
      type = childType;
      flags = childFlags;
      slot = beforeFirst(object, type, flags);
    } else {
      if (!via) {
        object = 0;
        break;
      }
      object = parent;
      slot = via;
      via = load<u32>(object);
      parent = via ? <usize>load<u32>(via) : 0;
      type = describe(metaOf(object));
      flags = load<u32>(type, TYPE_FLAGS);
    }
  }
  fewerYoung(dead);
  if (object) {
    link(object, via, parent);
    setWord(STATE_DEATH_SLOT, <u32>slot);
  }
  return object;
}

// ---- before the fields ----

/**
 * Finalizer, resurrection check, weak references, what the host registered. The object's count is 1 for the time.
 * False if it lives on. Host code may run: nothing that the caller knows of the heap is certain afterwards, except
 * what is dying.
 */
function lastRites(object: usize): bool {
  let meta = metaOf(object);
  if (meta & META_FINALIZING) {
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
      setMeta(object, meta | META_FINALIZING);
      runFinalizer(object, meta & META_TYPE);
      meta = metaOf(object) & ~META_FINALIZING;
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

// ---- against traps ----

/** Depth of the probe: some 2 KiB of stack, more than the calls from a walk into the host's catching wrapper take. */
const PROBE_DEPTH: u32 = 40;

/**
 * A stack that is nearly used up overflows here, before anything has changed, and not on the way into the host, where
 * nothing could catch it. For modules that call the core themselves: the bindings have seen to it (bindings/core/stack.ts),
 * and need not pay for it. A walk needs no more stack the longer it takes.
 */
export function requireStack(): void {
  probe(PROBE_DEPTH);
}

/** The store keeps it from being dropped, the sum from becoming a loop. */
function probe(depth: u32): u32 {
  if (depth) return probe(depth - 1) + word(STATE_HOSTED);
  setWord(STATE_HOSTED, word(STATE_HOSTED));
  return 0;
}

/** A trap during the walk (a stack overflow) leaves the mark at 1; whoever finds it makes it 2, for good. */
// @ts-ignore: decorator
@inline
function enterCritical(): void {
  setWord(STATE_CRITICAL, word(STATE_CRITICAL) ? 2 : 1);
}

// @ts-ignore: decorator
@inline
function leaveCritical(): void {
  if (word(STATE_CRITICAL) == 1) setWord(STATE_CRITICAL, 0);
}
