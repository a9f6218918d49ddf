/**
 * Weak references: objects of type weakref, doubly linked through their own fields to a list whose head is a hidden
 * word of the referent. The one without a callback is shared and comes first, the others follow newest first. When the
 * referent dies the pending callbacks queue through the same fields: no table, no allocation.
 *
 *   referent ├ … │ head ┤ ──▶ weakref ◀──▶ weakref ◀──▶ weakref        META_WEAK = head is not 0
 */
import {
  FAULT_TYPE,
  META_DYING,
  META_FINALIZER,
  META_WEAK,
  STATE_HOSTED,
  TYPE_WEAK,
  TYPE_WEAKREF,
  WEAKREF_CALLBACK,
  WEAKREF_NEXT,
  WEAKREF_PREVIOUS,
  WEAKREF_REFERENT,
} from "../../layout";
import { setWord } from "../../state";
import { fault } from "../../alloc/malloc";
import { newInstance } from "../core/alloc";
import { decref } from "./death";
import { describe, incref, metaOf, setMeta, typeById } from "../core/header";
import { runCallback } from "../core/host";

/** A new reference to a weak reference; without a callback the shared one. 0: no memory, or not of a type with weakrefs. */
export function newWeakref(referent: usize, token: u32): usize {
  const weak = load<u32>(describe(metaOf(referent)), TYPE_WEAK);
  if (!weak || metaOf(referent) & META_DYING) {
    fault(FAULT_TYPE, referent);
    return 0;
  }
  const shared = sharedWeakref(load<u32>(referent + weak));
  if (shared && !token) {
    incref(shared);
    return shared;
  }
  const weakref = newInstance(typeById(TYPE_WEAKREF));
  if (!weakref) return 0;
  store<u32>(weakref, <u32>referent, WEAKREF_REFERENT);
  store<u32>(weakref, token, WEAKREF_CALLBACK);
  if (token) {
    setMeta(weakref, metaOf(weakref) | META_FINALIZER);
    setWord(STATE_HOSTED, 1);
  }
  link(weakref, referent, referent + weak, shared);
  return weakref;
}

/** A new reference to the referent; 0 if it is dead, or its death is under way. */
export function deref(weakref: usize): usize {
  const referent = <usize>load<u32>(weakref, WEAKREF_REFERENT);
  if (!referent || metaOf(referent) & META_DYING) return 0;
  incref(referent);
  return referent;
}

// ---- death ----

/**
 * Kills every weak reference to an object. Those with a callback come back as a queue, newest first, each with a
 * reference of the queue's own.
 */
export function clearWeakrefs(referent: usize): usize {
  const head = listHead(referent);
  let weakref = <usize>load<u32>(head);
  store<u32>(head, 0);
  setMeta(referent, metaOf(referent) & ~META_WEAK);
  let first: usize = 0;
  let last: usize = 0;
  while (weakref) {
    const next = <usize>load<u32>(weakref, WEAKREF_NEXT);
    store<u32>(weakref, 0, WEAKREF_REFERENT);
    store<u32>(weakref, 0, WEAKREF_PREVIOUS);
    store<u32>(weakref, 0, WEAKREF_NEXT);
    if (load<u32>(weakref, WEAKREF_CALLBACK)) {
      incref(weakref);
      if (last) store<u32>(last, <u32>weakref, WEAKREF_NEXT);
      else first = weakref;
      last = weakref;
    }
    weakref = next;
  }
  return first;
}

/** Calls what clearWeakrefs() queued, and releases the queue's references. */
export function runCallbacks(queue: usize): void {
  let weakref = queue;
  while (weakref) {
    const next = <usize>load<u32>(weakref, WEAKREF_NEXT);
    store<u32>(weakref, 0, WEAKREF_NEXT);
    const token = takeToken(weakref);
    if (token) runCallback(weakref, token);
    decref(weakref);
    weakref = next;
  }
}

/** A weak reference with a callback dies, or may call back no more: the host forgets the callback. */
export function dropWeakref(weakref: usize): void {
  unlinkWeakref(weakref);
  const token = takeToken(weakref);
  if (token) runCallback(0, token);
}

/** Takes a weak reference out of its referent's list; it is dead then. */
export function unlinkWeakref(weakref: usize): void {
  const referent = <usize>load<u32>(weakref, WEAKREF_REFERENT);
  if (!referent) return;
  const next = <usize>load<u32>(weakref, WEAKREF_NEXT);
  const previous = <usize>load<u32>(weakref, WEAKREF_PREVIOUS);
  if (next) store<u32>(next, <u32>previous, WEAKREF_PREVIOUS);
  if (previous) store<u32>(previous, <u32>next, WEAKREF_NEXT);
  else {
    store<u32>(listHead(referent), <u32>next);
    if (!next) setMeta(referent, metaOf(referent) & ~META_WEAK);
  }
  store<u32>(weakref, 0, WEAKREF_REFERENT);
  store<u32>(weakref, 0, WEAKREF_NEXT);
  store<u32>(weakref, 0, WEAKREF_PREVIOUS);
}

// ---- lists ----

// @ts-ignore: decorator
@inline
export function listHead(referent: usize): usize {
  return referent + load<u32>(describe(metaOf(referent)), TYPE_WEAK);
}

/** The head of a list if it has no callback. */
function sharedWeakref(head: usize): usize {
  return head && !load<u32>(head, WEAKREF_CALLBACK) ? head : 0;
}

function link(weakref: usize, referent: usize, head: usize, shared: usize): void {
  const place = shared ? shared + WEAKREF_NEXT : head;
  const next = <usize>load<u32>(place);
  store<u32>(weakref, <u32>next, WEAKREF_NEXT);
  store<u32>(weakref, <u32>shared, WEAKREF_PREVIOUS);
  if (next) store<u32>(next, <u32>weakref, WEAKREF_PREVIOUS);
  store<u32>(place, <u32>weakref);
  setMeta(referent, metaOf(referent) | META_WEAK);
}

function takeToken(weakref: usize): u32 {
  const token = load<u32>(weakref, WEAKREF_CALLBACK);
  store<u32>(weakref, 0, WEAKREF_CALLBACK);
  setMeta(weakref, metaOf(weakref) & ~META_FINALIZER);
  return token;
}
