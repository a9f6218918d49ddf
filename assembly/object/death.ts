/**
 * Death at count zero, in CPython's order: finalizer, weak references, fields, memory; depth first, fields in the order
 * of the descriptor, items from the last to the first, a dict's entries in the order of insertion, key before value.
 *
 * The walk is iterative and takes no memory (pointer reversal). When a slot held the last reference to a child, the
 * child's count word takes the address of that slot, and the slot takes the address of the parent:
 *
 *   parent ──slot──▶ child        becomes        parent ◀──slot── child
 *
 * so the way back is found from the child alone. If the slot was the parent's last, the parent is released at once and
 * the child takes its place; a chain is then freed in one pass.
 *
 * Finalizer and callbacks of a child run before it is linked, with the heap in order: PEP 442 needs its count word.
 * They may allocate, free, resurrect and collect. What is linked is marked as dying, untracked, and reached by nobody.
 */
import {
  COUNT_LIMIT,
  DICT_FILLED,
  ENTRY_BYTES,
  ENTRY_KEY,
  FAULT_CORRUPT,
  FAULT_DOUBLE_FREE,
  FAULT_NONE,
  FLAG_BUFFER,
  FLAG_CONTAINER,
  FLAG_ENTRIES,
  FLAG_ITEMS_REF,
  FLAG_LIST,
  FLAG_WEAKREF,
  LIST_ITEMS,
  LIST_LENGTH,
  META_DYING,
  META_FINALIZED,
  META_FINALIZER,
  META_HOOKS,
  META_HOST,
  META_INTERNED,
  META_LEAF,
  META_OLDER,
  META_OLDEST,
  META_RITES,
  META_TRACKED,
  META_TYPE,
  META_WEAK,
  NESTING_LIMIT,
  STATE_CRITICAL,
  STATE_DEFERRED,
  STATE_DRAINING,
  STATE_HOSTED,
  STATE_NESTING,
  TYPE_CHAIN,
  TYPE_FLAGS,
  TYPE_ITEMS,
  TYPE_LENGTH,
  TYPE_OFFSETS,
  TYPE_REFS,
} from "../layout";
import { setWord, word } from "../state";
import { fault } from "../alloc/malloc";
import { discard } from "./alloc";
import { giveBuffer } from "./buffers";
import { describe, metaOf, setMeta } from "./header";
import { runFinalizer } from "./host";
import { forgetInterned } from "./intern";
import { clearWeakrefs, dropWeakref, runCallbacks, unlinkWeakref } from "./weak";
import { markYoung } from "./young";

/** Releases a reference. What goes wrong is noted as a fault. */
// @ts-ignore: decorator
@inline
export function decref(object: usize): void {
  const count = load<i32>(object);
  if (count > 1) {
    if (count < COUNT_LIMIT) store<i32>(object, count - 1);
    return;
  }
  releaseLast(object, count);
}

/** Releases a reference; FAULT_NONE, or what is wrong with it. */
export function release(object: usize): u32 {
  const count = load<i32>(object);
  if (count > 1) {
    if (count < COUNT_LIMIT) store<i32>(object, count - 1);
    return FAULT_NONE;
  }
  return releaseLast(object, count);
}

function releaseLast(object: usize, count: i32): u32 {
  if (count < 1) return fault(FAULT_DOUBLE_FREE, object);
  const meta = metaOf(object);
  if ((meta & (META_LEAF | META_HOOKS)) == META_LEAF) {
    discard(object, describe(meta));
    return FAULT_NONE;
  }
  return destroy(object, meta);
}

/** The last reference is gone. Far down in nested finalizers the death waits for the outermost one. */
function destroy(object: usize, meta: u32): u32 {
  if (meta & META_RITES) return fault(FAULT_DOUBLE_FREE, object);
  if (word(STATE_CRITICAL)) return fault(FAULT_CORRUPT, object);
  if (word(STATE_NESTING) > NESTING_LIMIT) {
    setMeta(object, (meta | META_DYING) & ~META_TRACKED);
    store<u32>(object, word(STATE_DEFERRED));
    setWord(STATE_DEFERRED, <u32>object);
    return FAULT_NONE;
  }
  die(object);
  if (word(STATE_DEFERRED)) drain();
  return FAULT_NONE;
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
  const meta = metaOf(root);
  if (meta & META_HOOKS) {
    probeStack();
    if (!lastRites(root)) return;
  }
  const type = describe(meta);
  const flags = load<u32>(type, TYPE_FLAGS);
  let slot = firstSlot(root, type, flags);
  if (!(flags & (FLAG_ITEMS_REF | FLAG_ENTRIES))) {
    // Most records own nothing but leaves and what others own too.
    if (slot) slot = releaseFields(root, type, slot);
    if (!slot) {
      close(root, type, flags);
      return;
    }
  }
  probeStack();
  walk(root, type, flags, slot);
}

/** Releases what an object owns from `slot` on, and the object. */
function walk(root: usize, rootType: usize, rootFlags: u32, first: usize): void {
  enterCritical();
  // `object` is held by the slot `via` of `parent`. It is linked when the walk goes deeper, or runs host code: an
  // object that owns nothing but leaves needs no link at all.
  let object = root;
  let via: usize = 0;
  let parent: usize = 0;
  let type = rootType;
  let flags = rootFlags;
  let slot = first;
  while (true) {
    if (slot) slot = releaseFrom(object, type, flags, slot);
    if (!slot) {
      close(object, type, flags);
      if (!via) break;
      object = parent;
      type = describe(metaOf(object));
      flags = load<u32>(type, TYPE_FLAGS);
      slot = nextSlot(object, type, flags, via);
      via = load<u32>(object);
      parent = via ? load<u32>(via) : 0;
      continue;
    }
    const child = <usize>load<u32>(slot);
    const next = nextSlot(object, type, flags, slot);
    if (metaOf(child) & META_HOOKS) {
      link(object, via, parent);
      leaveCritical();
      const dies = lastRites(child);
      enterCritical();
      if (!dies) {
        slot = next;
        continue;
      }
    }
    if (next) {
      link(object, via, parent);
      parent = object;
      via = slot;
    } else close(object, type, flags);
    object = child;
    type = describe(metaOf(object));
    flags = load<u32>(type, TYPE_FLAGS);
    slot = firstSlot(object, type, flags);
  }
  leaveCritical();
}

/** Marks the object as dying and writes down where the walk came from. */
// @ts-ignore: decorator
@inline
function link(object: usize, via: usize, parent: usize): void {
  setMeta(object, (metaOf(object) | META_DYING) & ~META_TRACKED);
  store<u32>(object, <u32>via);
  if (via) store<u32>(via, <u32>parent);
}

/** All slots are released: the memory goes. */
// @ts-ignore: decorator
@inline
function close(object: usize, type: usize, flags: u32): void {
  if (flags & FLAG_BUFFER) giveBuffer(load<u32>(object + load<u32>(type, TYPE_ITEMS)));
  else if (flags & FLAG_WEAKREF) unlinkWeakref(object);
  discard(object, type);
}

/** Releases the references from `slot` on. The slot of the first child that has to die by the walk, or 0. */
// @ts-ignore: decorator
@inline
function releaseFrom(object: usize, type: usize, flags: u32, slot: usize): usize {
  if (!(flags & (FLAG_ITEMS_REF | FLAG_ENTRIES))) return releaseFields(object, type, slot);
  return flags & FLAG_LIST
    ? releaseDown(slot, load<u32>(object, LIST_ITEMS))
    : releaseItems(object, type, flags, slot);
}

// @ts-ignore: decorator
@inline
function releaseFields(object: usize, type: usize, slot: usize): usize {
  const chain = <usize>load<u32>(type, TYPE_CHAIN);
  let offset = slot - object;
  do {
    const child = <usize>load<u32>(object + offset);
    if (child && drop(child)) return object + offset;
    offset = load<u16>(chain + (offset >>> 1));
  } while (offset);
  return 0;
}

function releaseItems(object: usize, type: usize, flags: u32, slot: usize): usize {
  const items = itemsOf(object, type, flags);
  if (flags & FLAG_ENTRIES) {
    const end = items + <usize>load<u32>(object, DICT_FILLED) * ENTRY_BYTES;
    while (slot < end) {
      const child = <usize>load<u32>(slot);
      if (child && drop(child)) return slot;
      slot += isKey(slot, items) ? 4 : ENTRY_BYTES - 4;
    }
    return 0;
  }
  if (!(flags & FLAG_BUFFER) && slot < items) {
    const found = releaseFields(object, type, slot);
    if (found) return found;
    slot = lastItem(object, type, items);
  }
  return releaseDown(slot, items);
}

/** Releases the items from `slot` down to `items`. */
// @ts-ignore: decorator
@inline
function releaseDown(slot: usize, items: usize): usize {
  while (slot >= items) {
    const child = <usize>load<u32>(slot);
    if (child && drop(child)) return slot;
    slot -= 4;
  }
  return 0;
}

/** Takes one reference from a child; true if it was the last and the child owns something itself. */
// @ts-ignore: decorator
@inline
function drop(child: usize): bool {
  const count = load<i32>(child);
  if (count > 1) {
    if (count < COUNT_LIMIT) store<i32>(child, count - 1);
    return false;
  }
  return dropLast(child, count);
}

function dropLast(child: usize, count: i32): bool {
  if (count < 1) {
    fault(FAULT_DOUBLE_FREE, child);
    return false;
  }
  const meta = metaOf(child);
  if ((meta & (META_LEAF | META_HOOKS)) != META_LEAF) return true;
  discard(child, describe(meta));
  return false;
}

// ---- slots ----

// @ts-ignore: decorator
@inline
export function itemsOf(object: usize, type: usize, flags: u32): usize {
  const items = object + load<u32>(type, TYPE_ITEMS);
  return flags & FLAG_BUFFER ? <usize>load<u32>(items) : items;
}

// @ts-ignore: decorator
@inline
function isKey(slot: usize, items: usize): bool {
  return (slot - items) % ENTRY_BYTES == ENTRY_KEY;
}

/** Slot of the last item; below `items` if there is none. */
// @ts-ignore: decorator
@inline
function lastItem(object: usize, type: usize, items: usize): usize {
  return items + ((<usize>load<u32>(object + load<u32>(type, TYPE_LENGTH))) << 2) - 4;
}

/** The slot that is released first, or 0. */
// @ts-ignore: decorator
@inline
function firstSlot(object: usize, type: usize, flags: u32): usize {
  if (flags & FLAG_LIST) {
    const length = <usize>load<u32>(object, LIST_LENGTH);
    return length ? <usize>load<u32>(object, LIST_ITEMS) + (length << 2) - 4 : 0;
  }
  if (load<u32>(type, TYPE_REFS)) return object + load<u32>(type, TYPE_OFFSETS);
  return flags & (FLAG_ITEMS_REF | FLAG_ENTRIES) ? firstItem(object, type, flags) : 0;
}

function firstItem(object: usize, type: usize, flags: u32): usize {
  if (!load<u32>(object + load<u32>(type, TYPE_LENGTH))) return 0;
  const items = itemsOf(object, type, flags);
  return flags & FLAG_ENTRIES ? items + ENTRY_KEY : lastItem(object, type, items);
}

/** The slot that is released after this one, or 0. */
// @ts-ignore: decorator
@inline
function nextSlot(object: usize, type: usize, flags: u32, slot: usize): usize {
  if (flags & (FLAG_ITEMS_REF | FLAG_ENTRIES)) {
    if (flags & FLAG_LIST) return slot > <usize>load<u32>(object, LIST_ITEMS) ? slot - 4 : 0;
    return nextItem(object, type, flags, slot);
  }
  const offset = <usize>load<u16>(<usize>load<u32>(type, TYPE_CHAIN) + ((slot - object) >>> 1));
  return offset ? object + offset : 0;
}

function nextItem(object: usize, type: usize, flags: u32, slot: usize): usize {
  const items = itemsOf(object, type, flags);
  if (flags & FLAG_ENTRIES) {
    if (isKey(slot, items)) return slot + 4;
    const next = slot + (ENTRY_BYTES - 4);
    return next < items + <usize>load<u32>(object, DICT_FILLED) * ENTRY_BYTES ? next : 0;
  }
  if (flags & FLAG_BUFFER || slot >= items) return slot > items ? slot - 4 : 0;
  const offset = <usize>load<u16>(<usize>load<u32>(type, TYPE_CHAIN) + ((slot - object) >>> 1));
  return offset ? object + offset : firstItem(object, type, flags);
}

// ---- before the fields ----

/**
 * Finalizer, resurrection check, weak references, what the host registered. The object's count is 1 for the time.
 * False if it lives on. Host code may run: nothing that the caller knows of the heap is certain afterwards, except
 * what is dying.
 */
function lastRites(object: usize): bool {
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

// ---- against traps ----

/** Depth of the probe: some 2 KiB of stack, more than the calls from a walk into the host's catching wrapper take. */
const PROBE_DEPTH: u32 = 40;

/**
 * Where a death may call the host, a stack that is nearly used up overflows here, before anything has changed, and not
 * on the way into the host, where nothing could catch it. The walk itself needs no more stack the longer it takes.
 */
// @ts-ignore: decorator
@inline
export function probeStack(): void {
  if (word(STATE_HOSTED)) probe(PROBE_DEPTH);
}

/** The same for what calls the host in any case. */
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
