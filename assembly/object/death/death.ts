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
import * as layout from "../../layout";
import { TypeDescriptor } from "../../layout";
import { objects, setWord } from "../../state";
import { fault } from "../../alloc/malloc";
import { fewerYoung } from "../core/alloc";
import { giveBlock } from "../core/blocks";
import { giveBuffer } from "../core/buffers";
import { cacheBlock } from "../core/free-lists";
import { countOf, metaOf, setCount, typeByMeta } from "../core/header";
import { popDeferred } from "./deferred";
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

/** Releases a reference; layout.FAULT_NONE, or what is wrong with it. */
export function release(object: usize): u32 {
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
  if (objects.nesting > layout.NESTING_LIMIT) {
    postpone(object, meta, layout.STATE_DEFERRED);
    return layout.FAULT_NONE;
  }
  die(object);
  if (objects.deferred) drain();
  return layout.FAULT_NONE;
}

/** Lets the deferred objects die. The collector calls it after finalizers that it ran itself. */
export function drain(): void {
  if (objects.nesting || objects.draining) return;
  objects.draining = 1;
  while (!objects.critical) {
    const object = popDeferred(layout.STATE_DEFERRED);
    if (!object) break;
    die(object);
  }
  objects.draining = 0;
}

// ---- the walk ----

function die(root: usize): void {
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
  const type = typeByMeta(metaOf(root));
  let object = walkOn(root, beforeFirst(root, type, type.flags), true, BATCH);
  while (object) object = walkOn(object, objects.deathSlot, false, BATCH);
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
  let type = typeByMeta(metaOf(object));
  let flags = type.flags;
  if (!isRoot) {
    via = load<u32>(object);
    parent = via ? <usize>load<u32>(via) : 0;
  }
  let dead: u32 = 0;
  while (--left) {
    slot = releaseAfter(object, type, flags, slot);
    let child: usize = 0;
    let childType = type;
    let childFlags: u32 = 0;
    if (slot) {
      child = load<u32>(slot);
      const meta = metaOf(child);
      if (meta & layout.META_HOOKS) {
        link(object, via, parent);
        fewerYoung(dead);
        dead = 0;
        leaveCritical();
        const dies = runDeathHooks(child);
        enterCritical();
        if (!dies) continue;
      }
      childType = typeByMeta(meta);
      childFlags = childType.flags;
      if (meta & layout.META_LEAF) {
        dead += childFlags & layout.FLAG_CONTAINER;
        giveMemory(child, childType, childFlags);
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
    dead += flags & layout.FLAG_CONTAINER;
    giveMemory(object, type, flags);
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
      type = typeByMeta(metaOf(object));
      flags = type.flags;
    }
  }
  fewerYoung(dead);
  if (object) {
    link(object, via, parent);
    objects.deathSlot = <u32>slot;
  }
  return object;
}

/** All slots are released: the memory goes. */
// @ts-ignore: decorator
@inline
function giveMemory(object: usize, type: TypeDescriptor, flags: u32): void {
  if (flags & layout.FLAG_BUFFER) giveBuffer(bufferAt(object, type.itemsOffset));
  else if (flags & layout.FLAG_WEAKREF) unlinkWeakref(object);
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
  setWord(layout.STATE_HOSTED, objects.hosted);
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
