/**
 * Loops over objects with the core linked from source: what a program gets whose own code runs in the same module.
 * bench/objects/objects-worker.ts has the same loops in TypeScript, bench/native/objects.py in Python.
 */

import { gc_retune, list_append, list_new } from "../../assembly/abi/core";
import {
  FLAG_CONTAINER,
  LIST_ITEMS,
  List,
  OBJECT_FIELDS,
  TYPE_FLAGS,
  TYPE_OFFSETS,
  TypeDescriptor,
} from "../../assembly/layout";
import { newInstance, tryNewInstance } from "../../assembly/object/core/alloc";
import { decref, release } from "../../assembly/object/death/death";
import { incref, typeById } from "../../assembly/object/core/header";
import { newList } from "../../assembly/object/values/list";
import { newFloat } from "../../assembly/object/values/number";
import { start } from "../../assembly/object/values/builtins";
import { defineType, newType } from "../../assembly/object/core/types";
import { collector, objects } from "../../assembly/state";

const STATE: usize = memory.data(16, 16);
/** Id of a record with two reference fields. */
const RECORD: usize = 0;

/** Makes the types; false if memory is out. */
export function setup(): bool {
  if (start()) return false;
  const type = newType(OBJECT_FIELDS + 8, 2);
  if (!type) return false;
  store<u32>(type, FLAG_CONTAINER, TYPE_FLAGS);
  store<u32>(type + TYPE_OFFSETS, OBJECT_FIELDS);
  store<u32>(type + TYPE_OFFSETS + 4, OBJECT_FIELDS + 4);
  store<u32>(STATE + RECORD, defineType(changetype<TypeDescriptor>(type)));
  return load<u32>(STATE + RECORD) != 0;
}

/** A new record, its fast path in the caller's code. */
// @ts-ignore: decorator
@inline
function newRecord(): usize {
  const type = typeById(load<u32>(STATE + RECORD));
  const record = tryNewInstance(type);
  return record ? record : newInstance(type);
}

export function floats(units: u32): void {
  for (let i: u32 = 0; i < units; i++) release(newFloat(<f64>i));
}

export function records(units: u32): void {
  for (let i: u32 = 0; i < units; i++) release(newRecord());
}

/** Counts one object up and down. */
export function counts(units: u32): void {
  const object = newRecord();
  for (let i: u32 = 0; i < units; i++) {
    incref(object);
    decref(object);
  }
  decref(object);
}

/** A full binary tree of records; a new reference. */
export function tree(depth: u32): usize {
  const node = newRecord();
  if (depth) {
    store<u32>(node, <u32>tree(depth - 1), OBJECT_FIELDS);
    store<u32>(node, <u32>tree(depth - 1), OBJECT_FIELDS + 4);
  }
  return node;
}

/** A chain of records; a new reference to its head. */
export function chain(length: u32): usize {
  let head: usize = 0;
  for (let i: u32 = 0; i < length; i++) {
    const node = newRecord();
    store<u32>(node, <u32>head, OBJECT_FIELDS);
    head = node;
  }
  return head;
}

/** A list of so many lists, made with automatic collection at the usual thresholds or without; a new reference. */
export function lists(count: u32, isAutomatic: bool): usize {
  collector.threshold0 = 2000;
  collector.threshold1 = 10;
  collector.threshold2 = 10;
  collector.enabled = isAutomatic ? 1 : 0;
  gc_retune();
  const none = objects.none;
  const all = list_new(0);
  for (let i: u32 = 0; i < count; i++) {
    const list = list_new(2);
    const items = <usize>load<u32>(list, LIST_ITEMS);
    store<u32>(items, none);
    store<u32>(items, none, 4);
    if (list_append(changetype<List>(all), list)) unreachable();
    decref(list);
  }
  collector.enabled = 0;
  gc_retune();
  return all;
}

/** Containers born since the last collection and not dead. */
export function youngCount(): u32 {
  return objects.youngCount;
}

/** A full binary tree of lists, children first, as a program writes it down. */
export function listTree(depth: u32): usize {
  const left = depth ? listTree(depth - 1) : 0;
  const right = depth ? listTree(depth - 1) : 0;
  const list = newList(2);
  const items = <usize>load<u32>(list, LIST_ITEMS);
  store<u32>(items, <u32>left);
  store<u32>(items, <u32>right, 4);
  return list;
}

/** Nothing but a call. */
export function same(value: u32): u32 {
  return value;
}

export function drop(object: usize): void {
  decref(object);
}
