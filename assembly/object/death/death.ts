/**
 * Deallocation at count zero, in CPython's order: finalizer, weak references, fields, memory; depth first, fields in the order
 * of the descriptor, items from the last to the first, a dict's entries in the order of insertion, key before value.
 *
 * The walk is iterative and takes no memory: Schorr–Waite pointer reversal (CACM 10:8, 1967). When a slot held the last reference to a child, the
 * child's count word takes the address of that slot, and the slot takes the address of the parent:
 *
 *   parent ──slot──▶ child        becomes        parent ◀──slot── child
 *
 * so the way back is found from the child alone. If nothing is left behind the slot, the parent is released at once and
 * the child takes its place; a chain is then freed in one pass.
 *
 * What is walked has a count below 1, as links are: a reference to it that nobody owned is met as a fault, not as a count.
 *
 * Finalizer and callbacks of a child run before it is linked, with the heap in order: PEP 442 needs its count word.
 * They may allocate, free, resurrect and collect. What is linked is marked as dying, untracked, and reached by nobody.
 */
import * as layout from "../../layout";
import { TypeDescriptor, Weakref } from "../../layout";
import { objects, state, zeros } from "../../state";
import { fault } from "../../alloc/malloc";
import { fewerYoung } from "../core/alloc";
import { giveBlock } from "../core/blocks";
import { giveBuffer } from "../core/buffers";
import { cacheBlock } from "../core/free-lists";
import { freeOwned } from "../core/owned-blocks";
import { countOf, isTagged, linkOf, metaOf, setCount, typeByMeta, typeOf } from "../core/header";
import { countStacks, uncountStacks } from "../core/stacks";
import { addZero, defersDeath, setLimit, settleZeros, takeZero } from "../core/zero-counts";
import { NESTED, popDeferred } from "./deferred";
import { postpone, runDeathHooks } from "./hooks";
import { beforeFirst, bufferAt, drop, link, ownsAfter, releaseAfter } from "./slots";
import { tryFree, tryRelease } from "./try-release";
import { unlinkWeakref } from "./weak";

/** Releases a reference. What goes wrong is noted as a fault. */
// @ts-ignore: decorator
@inline
export function decref(object: usize): void {
  if (isTagged(object)) return;
  const count = countOf(object);
  if (count > 1) {
    if (count < layout.COUNT_LIMIT) setCount(object, count - 1);
    return;
  }
  release(object);
}

/** Releases a reference; FAULT_NONE, or what is wrong with it. */
export function release(object: usize): u32 {
  return tryRelease(object) ? layout.FAULT_NONE : releaseSlow(object);
}

function releaseSlow(object: usize): u32 {
  const count = countOf(object);
  if (count < 1) return fault(layout.FAULT_DOUBLE_FREE, object);
  if (count == 1) return destroy(object, metaOf(object));
  if (count < layout.COUNT_LIMIT) setCount(object, count - 1);
  return layout.FAULT_NONE;
}

/** The last reference is gone. Far down in nested finalizers the death waits for the outermost one. */
function destroy(object: usize, meta: u32): u32 {
  if (meta & layout.META_FINALIZING) return fault(layout.FAULT_DOUBLE_FREE, object);
  if (objects.critical) return fault(layout.FAULT_CORRUPT, object);
  if (defersDeath()) return defer(object);
  if (objects.nesting > layout.NESTING_LIMIT) {
    postpone(object, meta, NESTED);
    return layout.FAULT_NONE;
  }
  // References that nobody owned, to something that died with the object or before: those that host code meets are its own.
  const outer = objects.overreleased;
  objects.overreleased = 0;
  deallocate(object);
  if (objects.deferred) drain();
  const met = objects.overreleased;
  objects.overreleased = outer;
  return met ? fault(layout.FAULT_DOUBLE_FREE, met) : layout.FAULT_NONE;
}

/** Lets the objects die whose deaths a collection put off. What is wrong with them is a pending fault. */
export function drainAfterCollection(): void {
  drain();
  const met = objects.overreleased;
  objects.overreleased = 0;
  if (met) fault(layout.FAULT_DOUBLE_FREE, met);
}

/** Lets the deferred objects die. */
function drain(): void {
  if (objects.nesting || objects.draining) return;
  objects.draining = 1;
  while (!objects.critical) {
    const object = popDeferred(NESTED);
    if (!object) break;
    deallocate(object);
  }
  objects.draining = 0;
}

// ---- deferred counting ----

/** Hands the last reference to the zero-count table, which makes room for it if it is full. */
export function defer(object: usize): u32 {
  if (zeros.length >= zeros.limit) reclaimZeros();
  return addZero(object) ? layout.FAULT_NONE : fault(layout.FAULT_MEMORY, object);
}

/**
 * Lets those objects of the zero-count table die that no stack and no root holds, oldest first; what is held stays in it.
 * The number of those that were due; −1 if the roots cannot be known, and nothing has died. What was released too often is
 * noted as a fault.
 */
export function reclaimZeros(): i32 {
  if (!zeros.deferring || zeros.gathering || objects.critical || state.poison) return 0;
  const outer = zeros.exact;
  if (!enterExact()) return -1;
  const dead = releaseZeros();
  leaveExact(outer);
  return dead;
}

/**
 * Counts stacks and roots: deaths are exact until `leaveExact`, which takes what `zeros.exact` was before. False if roots
 * cannot be known, and nothing has changed.
 */
export function enterExact(): bool {
  const outer = zeros.exact;
  if (!outer) settleZeros();
  if (!countStacks() && !outer) {
    uncountStacks();
    // Or every release would try again.
    setLimit();
    return false;
  }
  zeros.exact = objects.nesting + 1;
  return true;
}

export function leaveExact(outer: u32): void {
  zeros.exact = outer;
  if (outer) return;
  uncountStacks();
  setLimit();
}

/** Releases the entries of the table until there are none; those that died. Within an exact section. */
export function releaseZeros(): i32 {
  let dead: i32 = 0;
  do {
    for (let object = takeZero(); object; object = takeZero()) {
      dead += i32(countOf(object) == 1);
      release(object);
    }
    drain();
  } while (zeros.length && !objects.critical);
  return dead;
}

// ---- the walk ----

function deallocate(root: usize): void {
  if (metaOf(root) & layout.META_HOOKS && !runDeathHooks(root)) return;
  walk(root);
}

/**
 * Steps of the walk that one call takes: V8 changes to optimised code when a function is entered, so in one call the
 * first large death of a process took twice as long as the next (a tree and a chain of a million records, new processes).
 * The debug core pauses after every few steps, so that its tests meet a pause wherever there can be one.
 */
const BATCH: u32 = isDefined(TALLYHEAP_DEBUG) ? 3 : 4096;

/** Releases what an object owns, and the object. */
function walk(root: usize): void {
  enterCritical();
  setCount(root, 0);
  let object = walkOn(root, beforeFirst(root, typeOf(root)), true, BATCH);
  while (object) object = walkOn(object, objects.deathSlot, false, BATCH);
  leaveCritical();
}

/**
 * At most `left` steps of the walk from `object` on, the root, or where it paused: its slot `slot` holds the last reference to
 * a child, or is 0, and it owns nothing any more; it was linked then. Where the walk stands afterwards; 0 at its end.
 */
function walkOn(object: usize, slot: usize, isRoot: bool, left: u32): usize {
  // `object` is held by the slot `via` of `parent`. It is linked when the walk goes deeper, or pauses, or runs host
  // code: an object that owns nothing but leaves needs no link at all.
  let via: usize = 0;
  let parent: usize = 0;
  let type = typeOf(object);
  if (!isRoot) {
    via = linkOf(object);
    parent = via ? load<usize>(via) : 0;
  }
  let dead: u32 = 0;
  let isMet: bool = !isRoot;
  while (true) {
    if (!isMet) slot = releaseAfter(object, type, slot);
    isMet = false;
    if (!--left) break;
    if (!slot) {
      dead += type.flags & layout.FLAG_CONTAINER;
      giveMemory(object, type);
      if (!via) {
        object = 0;
        break;
      }
      object = parent;
      slot = via;
      via = linkOf(object);
      parent = via ? load<usize>(via) : 0;
      type = typeOf(object);
    } else {
      const child = load<usize>(slot);
      const meta = metaOf(child);
      let isOver = false;
      if (meta & layout.META_HOOKS) {
        link(object, via, parent);
        fewerYoung(dead);
        dead = 0;
        leaveCritical();
        isOver = !runDeathHooks(child);
        enterCritical();
      }
      if (!isOver) {
        const childType = typeByMeta(meta);
        const stop = tryFree(child, childType);
        if (stop) {
          setCount(child, 0);
          if (ownsAfter(object, type, slot)) {
            link(object, via, parent);
            parent = object;
            via = slot;
          } else {
            dead += type.flags & layout.FLAG_CONTAINER;
            giveMemory(object, type);
          }
          object = child;
          type = childType;
          slot = stop;
          if (stop == child) slot = beforeFirst(child, type);
          else isMet = drop(load<usize>(stop));
        }
      }
    }
  }
  fewerYoung(dead);
  if (object) {
    link(object, via, parent);
    objects.deathSlot = slot;
  }
  return object;
}

/** What an object holds that is neither a reference nor a buffer: its place in a list of weak references, or blocks. */
export function letGo(object: usize, type: TypeDescriptor): void {
  if (type.flags & layout.FLAG_WEAKREF) unlinkWeakref(changetype<Weakref>(object));
  else freeOwned(object, type);
}

/** All slots are released: gives back the buffer and the block. */
function giveMemory(object: usize, type: TypeDescriptor): void {
  if (type.flags & layout.FLAG_BUFFER) giveBuffer(bufferAt(object, type.itemsOffset));
  else if (type.flags & (layout.FLAG_WEAKREF | layout.FLAG_BLOCKS)) letGo(object, type);
  if (!cacheBlock(object, type)) giveBlock(object);
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
  if (depth) return probe(depth - 1) + objects.hosted;
  const hosted = objects.hosted;
  objects.hosted = hosted;
  return 0;
}

/** A trap during the walk (a stack overflow) leaves the mark at 1; whoever finds it makes it 2, for good. */
// @ts-ignore: decorator
@inline
function enterCritical(): void {
  objects.critical = objects.critical ? 2 : 1;
}

// @ts-ignore: decorator
@inline
function leaveCritical(): void {
  if (objects.critical == 1) objects.critical = 0;
}
