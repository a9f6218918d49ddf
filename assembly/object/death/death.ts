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
 * Finalizer and callbacks of a child run before it is linked, with the heap in order: PEP 442 needs its count word.
 * They may allocate, free, resurrect and collect. What is linked is marked as dying, untracked, and reached by nobody.
 */
import * as layout from "../../layout";
import { TypeDescriptor, Weakref } from "../../layout";
import { objects } from "../../state";
import { fault } from "../../alloc/malloc";
import { discard, fewerYoung } from "../core/alloc";
import { giveBlock } from "../core/blocks";
import { giveBuffer } from "../core/buffers";
import { cacheBlock } from "../core/free-lists";
import { freeOwned } from "../core/owned-blocks";
import { countOf, metaOf, setCount, typeByMeta, typeOf } from "../core/header";
import { NESTED, popDeferred } from "./deferred";
import { postpone, runDeathHooks } from "./hooks";
import { beforeFirst, bufferAt, link, ownsAfter, releaseAfter } from "./slots";
import { unlinkWeakref } from "./weak";

/** Releases a reference. What goes wrong is noted as a fault. */
// @ts-ignore: decorator
@inline
export function decref(object: usize): void {
  const count = countOf(object);
  if (count > 1) {
    if (count < layout.COUNT_LIMIT) setCount(object, count - 1);
    return;
  }
  release(object);
}

/** Releases a reference; FAULT_NONE, or what is wrong with it. */
export function release(object: usize): u32 {
  const count = countOf(object);
  if (count < 1) return fault(layout.FAULT_DOUBLE_FREE, object);
  if (count == 1) return destroy(object, metaOf(object));
  if (count < layout.COUNT_LIMIT) setCount(object, count - 1);
  return layout.FAULT_NONE;
}

/**
 * The last reference is gone. What nothing watches dies at once, up to the first child that takes others with it; no host
 * code runs. Far down in nested finalizers a death waits for the outermost one, unless it is a leaf's.
 */
function destroy(object: usize, meta: u32): u32 {
  if (meta & layout.META_FINALIZING) return fault(layout.FAULT_DOUBLE_FREE, object);
  if (objects.critical) return fault(layout.FAULT_CORRUPT, object);
  const type = typeByMeta(meta);
  if ((meta & (layout.META_LEAF | layout.META_HOOKS)) == layout.META_LEAF) {
    discard(object, type);
    return layout.FAULT_NONE;
  }
  if (objects.nesting > layout.NESTING_LIMIT) {
    postpone(object, meta, NESTED);
    return layout.FAULT_NONE;
  }
  if (meta & layout.META_HOOKS) deallocate(object);
  else {
    const slot = releaseLeaves(object, type);
    if (!slot) return layout.FAULT_NONE;
    walk(object, slot, true);
  }
  if (objects.deferred) drain();
  return layout.FAULT_NONE;
}

/**
 * Releases what an object owns as long as children survive, or own nothing themselves; at the end the object's memory,
 * and the result is 0. Else the slot of the first child that the walk has to take.
 */
// @ts-ignore: decorator
@inline
function releaseLeaves(object: usize, type: TypeDescriptor): usize {
  let slot = beforeFirst(object, type);
  while ((slot = releaseAfter(object, type, slot))) {
    const child = load<usize>(slot);
    const meta = metaOf(child);
    if ((meta & (layout.META_LEAF | layout.META_HOOKS)) != layout.META_LEAF) return slot;
    discard(child, typeByMeta(meta));
  }
  fewerYoung(type.flags & layout.FLAG_CONTAINER);
  giveMemory(object, type);
  return 0;
}

/** Lets the deferred objects die. The collector calls it after finalizers that it ran itself. */
export function drain(): void {
  if (objects.nesting || objects.draining) return;
  objects.draining = 1;
  while (!objects.critical) {
    const object = popDeferred(NESTED);
    if (!object) break;
    deallocate(object);
  }
  objects.draining = 0;
}

// ---- the walk ----

function deallocate(root: usize): void {
  if (metaOf(root) & layout.META_HOOKS && !runDeathHooks(root)) return;
  walk(root, beforeFirst(root, typeOf(root)), false);
}

/**
 * Steps of the walk that one call takes: V8 changes to optimised code when a function is entered, so in one call the
 * first large death of a process took twice as long as the next (a tree and a chain of a million records, new processes).
 * The debug core pauses after every few steps, so that its tests meet a pause wherever there can be one.
 */
const BATCH: u32 = isDefined(TALLYHEAP_DEBUG) ? 3 : 4096;

/** Releases what an object owns behind `slot`, and the object. `dies`: what `slot` holds is to die as well. */
function walk(root: usize, slot: usize, dies: bool): void {
  enterCritical();
  let object = walkOn(root, slot, dies, true, BATCH);
  while (object) object = walkOn(object, objects.deathSlot, false, false, BATCH);
  leaveCritical();
}

/**
 * At most `left` steps of the walk from `object` on, whose slot `slot` was released last, or, with `dies`, is to be; the
 * object was linked, unless `isRoot`. Where the walk stands then; 0 at its end.
 */
function walkOn(object: usize, slot: usize, dies: bool, isRoot: bool, left: u32): usize {
  // `object` is held by the slot `via` of `parent`. It is linked when the walk goes deeper, or pauses, or runs host
  // code: an object that owns nothing but leaves needs no link at all.
  let via: usize = 0;
  let parent: usize = 0;
  let type = typeOf(object);
  if (!isRoot) {
    via = load<usize>(object);
    parent = via ? load<usize>(via) : 0;
  }
  let dead: u32 = 0;
  while (--left) {
    if (dies) dies = false;
    else slot = releaseAfter(object, type, slot);
    let child: usize = 0;
    let childType = type;
    if (slot) {
      child = load<usize>(slot);
      const meta = metaOf(child);
      if (meta & layout.META_HOOKS) {
        link(object, via, parent);
        fewerYoung(dead);
        dead = 0;
        leaveCritical();
        const lives = !runDeathHooks(child);
        enterCritical();
        if (lives) continue;
      }
      childType = typeByMeta(meta);
      if (meta & layout.META_LEAF) {
        dead += childType.flags & layout.FLAG_CONTAINER;
        giveMemory(child, childType);
        continue;
      }
      if (ownsAfter(object, type, slot)) {
        link(object, via, parent);
        parent = object;
        via = slot;
        object = child;
        type = childType;
        slot = beforeFirst(object, type);
        continue;
      }
    }
    dead += type.flags & layout.FLAG_CONTAINER;
    giveMemory(object, type);
    if (child) {
      object = child;
      type = childType;
      slot = beforeFirst(object, type);
    } else {
      if (!via) {
        object = 0;
        break;
      }
      object = parent;
      slot = via;
      via = load<usize>(object);
      parent = via ? load<usize>(via) : 0;
      type = typeOf(object);
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
// @ts-ignore: decorator
@inline
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
