/**
 * The exported ABI. Each function goes straight into the layer that does the work; what makes a container collects before,
 * if that is due.
 */
import * as bytes from "./bytes";
import * as cycles from "../gc/collect";
import * as due from "../gc/due";
import * as onOom from "../gc/on-oom";
import * as edges from "../gc/pass/edges";
import * as slices from "../gc/step/step";
import * as shadows from "../gc/step/shadow";
import * as thresholds from "../gc/thresholds";
import * as collector from "../gc/inspect";
import * as counts from "../gc/recount";
import * as allocation from "../object/core/alloc";
import * as deaths from "../object/death/death";
import * as dicts from "../object/values/dict";
import * as freeLists from "../object/core/free-lists";
import * as hashes from "../object/values/hash";
import * as header from "../object/core/header";
import * as interned from "../object/values/intern";
import * as lists from "../object/values/list";
import * as owned from "../object/core/owned-blocks";
import * as numbers from "../object/values/number";
import * as builtins from "../object/values/builtins";
import * as strings from "../object/values/str";
import * as tuples from "../object/values/tuple";
import * as stacks from "../object/core/stacks";
import * as traversed from "../object/core/traversed";
import * as types from "../object/core/types";
import * as zeroCounts from "../object/core/zero-counts";
import * as objectValidator from "../object/verify";
import * as walk from "../object/core/walk";
import * as weak from "../object/death/weak";
import {
  Dict,
  FAULT_MEMORY,
  FAULT_NONE,
  GATHERING_ROOTS,
  List,
  META_DYING,
  META_TRACKED,
  Str,
  TypeDescriptor,
  ValueStack,
  Weakref,
} from "../layout";
import { objects, zeros } from "../state";

// ---- bytes: the malloc family and the heap as a whole ----

export {
  stateBase,
  layoutVersion,
  malloc,
  calloc,
  realloc,
  free,
  aligned_alloc,
  malloc_usable_size,
  checked_malloc,
  checked_calloc,
  checked_realloc,
  checked_aligned_alloc,
  checked_free,
  checked_usable_size,
  check,
  initialize,
  retire_idle_pools,
  census,
} from "./bytes";
export { mallinfo2, malloc_trim, memalign, posix_memalign } from "./c";

export function reset(): void {
  shadows.closeTables();
  walk.wipeObjects();
  builtins.forget();
  bytes.reset();
}

/** Bytes first: the walk over objects trusts them. Counts last: who recounts follows every reference. */
export function verify(): u32 {
  let wrong = bytes.verify();
  if (!wrong) wrong = objectValidator.verify();
  return wrong ? wrong : counts.recount();
}

// ---- objects ----
// Pointers are trusted. 0 or a fault code says what went wrong, and nothing has changed then. What makes a container
// may collect first. For what finds no memory gc_rescue() may make room.

/** Built-in types and shared values; before anything else below. */
export function objects_start(): u32 {
  return builtins.start();
}

export function new_type(size: u32, refs: u32): usize {
  return types.newType(size, refs);
}

export function define_type(descriptor: TypeDescriptor): u32 {
  return types.defineType(descriptor);
}

export function alloc(type: u32, items: u32): usize {
  if (thresholds.isDue() && types.isType(type) && header.typeById(type).meta & META_TRACKED) due.collectDue();
  return allocation.allocate(type, items);
}

// What takes no call, for hosts that need not guard it then: it is done, or nothing has happened and the result is 0. A
// stack that is used up ends it before its first step.

export function alloc_quick(type: u32, items: u32): usize {
  if (thresholds.isDue()) return 0;
  const descriptor = header.typeById(type);
  return items ? allocation.tryNewVarInstance(descriptor, items) : allocation.tryNewInstance(descriptor);
}

export function int_quick(value: f64): usize {
  return numbers.tryInt(<i64>value);
}

export function str_quick(length: u32, wide: u32): usize {
  return strings.tryStr(length, wide);
}

export function tuple_quick(length: u32): usize {
  return thresholds.isDue() ? 0 : tuples.tryTuple(length);
}

export function list_quick(length: u32): usize {
  return thresholds.isDue() ? 0 : lists.tryList(length);
}

/** Room for its entries is no promise: dict_set_quick finds none if there was no block for it. */
export function dict_quick(entries: u32): usize {
  return thresholds.isDue() ? 0 : dicts.tryDict(entries);
}

export function dict_set_quick(dict: Dict, key: usize, value: usize): bool {
  return dicts.trySet(dict, key, value);
}

export { tryRelease as release_quick } from "../object/death/try-release";

export function incref(object: usize): void {
  header.incref(object);
}

export function decref(object: usize): void {
  if (!header.isTagged(object) && header.countOf(object) <= 1 && objects.hosted) deaths.requireStack();
  deaths.decref(object);
}

/** decref that returns its fault. */
export { release } from "../object/death/death";

export function make_immortal(object: usize): void {
  header.makeImmortal(object);
}

// ---- values ----

export function int_new(value: i64): usize {
  return numbers.newInt(value);
}

export function int_from(value: f64): usize {
  return numbers.newIntFrom(value);
}

export function float_new(value: f64): usize {
  return numbers.newFloat(value);
}

export function str_new(length: u32, wide: u32): usize {
  return strings.newStr(length, wide);
}

export function str_char(code: u32): usize {
  return strings.charStr(code);
}

export function str_intern(str: Str): usize {
  return interned.intern(str);
}

export function str_hash(str: Str): u32 {
  return hashes.hashStr(str);
}

export function str_equals(a: Str, b: Str): bool {
  return hashes.sameStr(a, b);
}

export function bytes_new(length: u32): usize {
  return strings.newBytes(length);
}

export function tuple_new(length: u32): usize {
  due.collectIfDue();
  return tuples.newTuple(length);
}

// ---- lists ----

export function list_new(length: u32): usize {
  due.collectIfDue();
  return lists.newList(length);
}

export function list_append(list: List, value: usize): u32 {
  return lists.append(list, value);
}

export function list_insert(list: List, index: u32, value: usize): u32 {
  return lists.insert(list, index, value);
}

/** Room for so many items in all; the list is as long as before. */
export function list_reserve(list: List, capacity: u32): u32 {
  return lists.reserve(list, capacity);
}

export function list_pop(list: List, index: u32): usize {
  return lists.pop(list, index);
}

export function list_delete(list: List, from: u32, to: u32): u32 {
  return lists.remove(list, from, to);
}

/** Bounds are cut to what the list has once what was due is collected, as its finalizers may have changed it. */
export function list_slice(list: List, from: u32, to: u32): usize {
  header.incref(changetype<usize>(list));
  due.collectIfDue();
  to = min(to, list.length);
  const part = lists.slice(list, min(from, to), to);
  deaths.decref(changetype<usize>(list));
  return part;
}

// ---- dicts ----

export function dict_new(): usize {
  due.collectIfDue();
  return dicts.newDict();
}

export function dict_set(dict: Dict, key: usize, value: usize): u32 {
  return dicts.set(dict, key, value);
}

export function dict_get(dict: Dict, key: usize): usize {
  return dicts.get(dict, key);
}

export function dict_delete(dict: Dict, key: usize): bool {
  return dicts.remove(dict, key);
}

// ---- weak references ----

export function weakref_new(referent: usize, token: u32): usize {
  // Refused; and the count word of a dying object is a link.
  if (header.metaOf(referent) & META_DYING) return weak.newWeakref(referent, token);
  header.incref(referent);
  due.collectIfDue();
  const made = weak.newWeakref(referent, token);
  deaths.decref(referent);
  return made;
}

export function deref(weakref: usize): usize {
  return weak.deref(changetype<Weakref>(weakref));
}

// ---- what objects own besides ----

/** A raw block is an object's from now on; the caller puts it into a slot for blocks. */
export function block_own(block: usize): u32 {
  return owned.takeOwned(block);
}

/** A block that was taken out of its slot is the host's again. */
export function block_disown(): void {
  owned.leaveOwned();
}

/** An object owns so many bytes outside of the heap more, or fewer. */
export function external_adjust(delta: f64): void {
  thresholds.adjustExternalBytes(delta);
}

// ---- deferred counting ----

/** From now on an object whose last reference was released waits for reclaim(). FAULT_NONE or FAULT_MEMORY. */
export function start_deferring(): u32 {
  return zeroCounts.startDeferring() ? FAULT_NONE : FAULT_MEMORY;
}

/** A value stack; 0 if out of memory. */
export function stack_new(slots: u32): usize {
  return stacks.newStack(slots);
}

export function stack_free(stack: ValueStack): void {
  stacks.freeStack(stack);
}

/** Lets die what no stack and no root holds. The number of objects that were due; −1 if the roots cannot be known. */
export function reclaim(): i32 {
  return deaths.reclaimZeros();
}

/** The host visits what it was asked for by the imports `roots` and `traverse`. A fault code. */
export function visit(object: usize): u32 {
  return zeros.gathering == GATHERING_ROOTS ? stacks.visitRoot(object) : edges.addEdge(object);
}

/** The host holds references for instances of the type. FAULT_TYPE if it comes too late for that. */
export function traverse_type(type: u32): u32 {
  return traversed.traverseType(type);
}

// ---- looking at objects ----

export function clear_free_lists(type: u32): u32 {
  return freeLists.clearFreeLists(type);
}

export function object_next(previous: usize): usize {
  return walk.nextObject(previous);
}

export function check_object(pointer: usize): u32 {
  return walk.checkObject(pointer);
}

// ---- the collector ----

/** Collects generations 0 … generation. The objects found to be trash, or −1 with the fault CORRUPT. */
export function gc(generation: u32): i32 {
  return cycles.collect(generation);
}

/**
 * A slice of a full collection: 1 if it is complete by it, 0 if not, −1 with the fault CORRUPT. `resumed`: nothing has run
 * since the last call.
 */
export function gc_step(units: u32, resumed: bool): i32 {
  return slices.step(units, resumed);
}

/** Ends a collection in slices; its memory is given back. */
export function gc_abandon(): void {
  shadows.closeTables();
}

/** A request failed for want of memory. True if it is worth another try. */
export function gc_rescue(): bool {
  return onOom.makeRoom();
}

/** The host has changed thresholds or the switch in the state block. */
export function gc_retune(): void {
  thresholds.retune();
}

export function gc_freeze(): void {
  collector.freeze();
}

export function gc_unfreeze(): void {
  collector.unfreeze();
}

/** A tuple that has META_HELD was changed. */
export function gc_retrack(): void {
  collector.retrack();
}

/** Tracked objects of a generation (3: frozen, 4: 0 to 2) to a buffer of words; their number. Buffer 0: the number only. */
export function gc_objects(generation: u32, buffer: usize): u32 {
  return collector.objects(generation, buffer);
}

export function gc_referents(object: usize, buffer: usize): u32 {
  return collector.referents(object, buffer);
}

export function gc_referrers(targets: usize, count: u32, buffer: usize): u32 {
  return collector.referrers(targets, count, buffer);
}

/** What DEBUG_SAVEALL kept; with a buffer the references are the caller's. */
export function gc_saved(buffer: usize): u32 {
  return collector.saved(buffer);
}
