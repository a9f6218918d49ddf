/**
 * Weak references: objects of type weakref, doubly linked through their own fields to a list whose head is a hidden
 * word of the referent. The one without a callback is shared and comes first, the others follow newest first. When the
 * referent dies the pending callbacks queue through the same fields: no table, no allocation.
 *
 *   referent ├ … │ head ┤ ──▶ weakref ◀──▶ weakref ◀──▶ weakref        META_WEAK = head is not 0
 */
import * as layout from "../../layout";
import { Weakref } from "../../layout";
import { objects } from "../../state";
import { fault, refuse } from "../../alloc/malloc";
import { discard, newInstance } from "../core/alloc";
import { incref, metaOf, setMeta, typeById, typeOf } from "../core/header";
import { runCallback } from "../core/host";
import { recountStacks } from "../core/stacks";
import { NESTED, pushDeferred } from "./deferred";

/** A new reference to a weak reference; without a callback the shared one. 0: no memory, or not of a type with weakrefs. */
export function newWeakref(referent: usize, token: u32): usize {
  const offset = typeOf(referent).weakOffset;
  if (!offset || metaOf(referent) & layout.META_DYING) return refuse(layout.FAULT_TYPE, referent);
  const head = referent + offset;
  const shared = sharedWeakref(load<Weakref | null>(head));
  if (shared && !token) {
    incref(changetype<usize>(shared));
    return changetype<usize>(shared);
  }
  const made = newInstance(typeById(layout.TYPE_WEAKREF));
  if (!made) return 0;
  const weakref = changetype<Weakref>(made);
  weakref.referent = referent;
  weakref.callback = token;
  if (token) {
    weakref.meta |= layout.META_FINALIZER;
    objects.hosted = 1;
  }
  link(weakref, referent, head, shared);
  return made;
}

/** A new reference to the referent; 0 if it is dead, or its deallocation is under way. */
export function deref(weakref: Weakref): usize {
  const referent = weakref.referent;
  if (!referent || metaOf(referent) & layout.META_DYING) return 0;
  incref(referent);
  return referent;
}

// ---- deallocation of the referent ----

/**
 * Clears every weak reference to an object. Those with a callback come back as a queue, newest first, each with a
 * reference of the queue's own.
 */
export function clearWeakrefs(referent: usize): Weakref | null {
  const head = listHead(referent);
  let weakref = load<Weakref | null>(head);
  store<usize>(head, 0);
  setMeta(referent, metaOf(referent) & ~layout.META_WEAK);
  let first: Weakref | null = null;
  let last: Weakref | null = null;
  while (weakref) {
    const next = weakref.next;
    weakref.referent = 0;
    weakref.previous = null;
    weakref.next = null;
    if (weakref.callback) {
      incref(changetype<usize>(weakref));
      if (last) last.next = weakref;
      else first = weakref;
      last = weakref;
    }
    weakref = next;
  }
  return first;
}

/** Calls what clearWeakrefs() queued, and releases the queue's references. */
export function runCallbacks(queue: Weakref | null): void {
  let weakref = queue;
  while (weakref) {
    const next = weakref.next;
    weakref.next = null;
    const token = takeToken(weakref);
    if (token) {
      runCallback(changetype<usize>(weakref), token);
      recountStacks();
    }
    releaseQueued(weakref);
    weakref = next;
  }
}

/**
 * Releases a queue's reference to a weak reference, which is dead and has no callback by now: its deallocation releases
 * the block, unless the host registered something for it; that waits until the referent is gone.
 */
function releaseQueued(weakref: Weakref): void {
  const object = changetype<usize>(weakref);
  const count = weakref.count;
  const meta = weakref.meta;
  if (count > 1) {
    if (count < layout.COUNT_LIMIT) weakref.count = count - 1;
  } else if (count < 1) fault(layout.FAULT_DOUBLE_FREE, object);
  else if (meta & layout.META_HOOKS) pushDeferred(object, meta, NESTED);
  else discard(object, typeById(layout.TYPE_WEAKREF));
}

/** A weak reference with a callback dies, or may call back no more: the host forgets the callback. */
export function dropWeakref(weakref: Weakref): void {
  unlinkWeakref(weakref);
  const token = takeToken(weakref);
  if (token) runCallback(0, token);
}

/** Takes a weak reference out of its referent's list; it is dead then. */
export function unlinkWeakref(weakref: Weakref): void {
  const referent = weakref.referent;
  if (!referent) return;
  const next = weakref.next;
  const previous = weakref.previous;
  if (next) next.previous = previous;
  if (previous) previous.next = next;
  else {
    store<usize>(listHead(referent), changetype<usize>(next));
    if (!next) setMeta(referent, metaOf(referent) & ~layout.META_WEAK);
  }
  weakref.referent = 0;
  weakref.next = null;
  weakref.previous = null;
}

// ---- lists ----

// @ts-ignore: decorator
@inline
export function listHead(referent: usize): usize {
  return referent + typeOf(referent).weakOffset;
}

/** The head of a list if it has no callback. */
function sharedWeakref(head: Weakref | null): Weakref | null {
  return head && !head.callback ? head : null;
}

/** Puts a weak reference behind the shared one, or in front of all. `head` is the address of the list's head. */
function link(weakref: Weakref, referent: usize, head: usize, shared: Weakref | null): void {
  const next = shared ? shared.next : load<Weakref | null>(head);
  weakref.next = next;
  weakref.previous = shared;
  if (next) next.previous = weakref;
  if (shared) shared.next = weakref;
  else store<Weakref>(head, weakref);
  setMeta(referent, metaOf(referent) | layout.META_WEAK);
}

function takeToken(weakref: Weakref): u32 {
  const token = weakref.callback;
  weakref.callback = 0;
  weakref.meta &= ~layout.META_FINALIZER;
  return token;
}
