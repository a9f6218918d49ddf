/**
 * The bindings read memory through arrays that go stale when somebody else grows the memory, or when something waits
 * for the next call (a forgotten handle): whatever the next call is, it has to see to that.
 */
import { describe, expect, it } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { objectLayerOf } from "../../../bindings/heap/record-heap.js";
import { assertNoLeaks, checkpoint } from "../../../bindings/testing.js";
import { builds } from "../../support/cores.js";

const spoilers: readonly (readonly [how: string, spoil: (heap: Heap) => void])[] = [
  ["the memory was grown", (heap) => void heap.memory.grow(1)],
  ["work waits for the next call", (heap) => objectLayerOf(heap).memory.lifecycle.beforeNextCall(() => {})],
];

/** Calls by name; each gives the same result however often it is made. */
function calls(heap: Heap, spoil: () => void): Record<string, () => unknown> {
  const Node = heap.defineType({
    name: "Node",
    fields: { ref: "ref", i32: "i32", f64: "f64", i64: "i64" },
    items: "ref",
    weakrefs: true,
  });
  const { fields } = Node;
  const node = heap.alloc(Node, 3);
  const int = heap.int(1000);
  heap.setRef(node, fields.ref, int);
  heap.setItem(node, 1, int);
  const weak = heap.weakref(node);
  const byKey = heap.weakValueMap<string>([["node", node]]);
  const byNode = heap.weakKeyMap<number>([[node, 3]]);
  const nodes = heap.weakSet([node]);
  const dict = heap.dict([[int, node]]);
  const list = heap.list([int, node]);
  const tuple = heap.tuple([int, node]);
  const str = heap.str("hello");
  const bytes = heap.bytesObject(new Uint8Array([1, 2]));
  const handle = heap.own(heap.int(5000));
  const shared = heap.int(2);
  const weakrefs = () => objectLayerOf(heap).leaks.census().get("weakref");
  /** The value of something new, which was made and is read and released with stale arrays. */
  const made = (make: () => Ptr): unknown => {
    spoil();
    const p = make();
    spoil();
    const value = heap.toJS(p);
    spoil();
    heap.decref(p);
    return value;
  };
  function* spoiling<T>(items: readonly T[]): Generator<T> {
    yield* items;
    spoil();
  }
  return {
    getRef: () => heap.getRef(node, fields.ref),
    getI32: () => heap.getI32(node, fields.i32),
    getF64: () => heap.getF64(node, fields.f64),
    getI64: () => heap.getI64(node, fields.i64),
    getItem: () => heap.getItem(node, 1),
    length: () => heap.length(node),
    "length of a str": () => heap.length(str),
    setRef: () => {
      heap.setRef(node, fields.ref, int);
      return heap.refcount(int);
    },
    "setRef of a handle": () => {
      heap.setRef(node, fields.ref, handle);
      const counts = [heap.refcount(handle), heap.refcount(int)];
      heap.setRef(node, fields.ref, int);
      return counts;
    },
    setItem: () => {
      heap.setItem(node, 1, int);
      return heap.refcount(int);
    },
    setI32: () => {
      heap.setI32(node, fields.i32, 7);
      return heap.getI32(node, fields.i32);
    },
    "incref, decref": () => {
      heap.incref(int);
      const count = heap.refcount(int);
      spoil();
      heap.decref(int);
      return [count, heap.refcount(int)];
    },
    refcount: () => heap.refcount(int),
    isImmortal: () => heap.isImmortal(shared),
    typeOf: () => heap.typeOf(node).name,
    "dicts.size": () => heap.dicts.size(dict),
    "dicts.get": () => heap.dicts.get(dict, int),
    "dicts.has": () => heap.dicts.has(dict, int),
    "dicts.keys": () => [...heap.dicts.keys(dict)],
    "dicts.entries": () => [...heap.dicts.entries(dict)],
    "lists.length": () => heap.lists.length(list),
    "lists.get": () => heap.lists.get(list, 1),
    "lists.append, pop": () => {
      heap.lists.append(list, int);
      spoil();
      heap.decref(heap.lists.pop(list));
      return [heap.lists.length(list), heap.refcount(int)];
    },
    "tuples.length": () => heap.tuples.length(tuple),
    "tuples.get": () => heap.tuples.get(tuple, 1),
    "strs.length": () => heap.strs.length(str),
    "strs.toJS": () => heap.strs.toJS(str),
    "strs.equals": () => heap.strs.equals(str, str),
    "strs.hash": () => heap.strs.hash(str),
    "strs.concat": () => made(() => heap.strs.concat(str, str)),
    "strs.slice": () => made(() => heap.strs.slice(str, 1)),
    "toJS of a str": () => heap.toJS(str),
    "toJS of bytes": () => heap.toJS(bytes),
    float: () => {
      const float = heap.float(2.5);
      spoil();
      const value = heap.toJS(float);
      heap.decref(float);
      return value;
    },
    "int of 32 bits": () => made(() => heap.int(100_000)),
    "bytesObject, str, wide str": () => [
      made(() => heap.bytesObject(new Uint8Array([1, 2]))),
      made(() => heap.str("narrow")),
      made(() => heap.str("wide \u0416")),
      made(() => heap.intern("interned")),
    ],
    "list, tuple": () => [made(() => heap.list([shared, str])), made(() => heap.tuple([shared, str]))],
    "long list, long tuple": () => [
      made(() => heap.list(Array.from({ length: 5000 }, () => shared))),
      made(() => heap.tuple(Array.from({ length: 5000 }, () => shared))),
    ],
    "list, tuple, dict of what an iterator gives": () => [
      made(() => heap.list(spoiling([shared, str]))),
      made(() => heap.tuple(spoiling([shared, str]))),
      made(() => heap.dict(spoiling([[str, shared]]))),
    ],
    "slice of a list": () => {
      const whole = heap.list([shared, str]);
      const part = made(() => heap.lists.slice(whole, 1));
      heap.decref(whole);
      return part;
    },
    fromJS: () => made(() => heap.fromJS([1.5, "text", [100_000], new Uint8Array([1])])),
    deref: () => {
      const target = heap.deref(weak);
      heap.decref(target);
      return target;
    },
    "weakValueMap.get": () => byKey.get("node"),
    "weakValueMap.has": () => byKey.has("node"),
    "weakValueMap.entries": () => [...byKey],
    "weakValueMap.delete": () => {
      byKey.set("other", node);
      spoil();
      byKey.delete("other");
      return weakrefs();
    },
    "weakKeyMap.get": () => byNode.get(node),
    "weakKeyMap.has": () => byNode.has(node),
    "weakKeyMap.entries": () => [...byNode],
    "weakKeyMap.set": () => byNode.set(node, 3).size,
    "weakSet.has": () => nodes.has(node),
    "weakSet.values": () => [...nodes],
    "weakSet.delete, add": () => {
      nodes.delete(node);
      spoil();
      return [nodes.add(node).size, weakrefs()];
    },
    "collector.isTracked": () => heap.collector.isTracked(node),
    "collector.isFinalized": () => heap.collector.isFinalized(node),
    "collector.referents": () => heap.collector.referents(tuple),
    "collector.referrers": () => heap.collector.referrers(int),
    "collector.objects": () => heap.collector.objects(),
    "handle.dup, dispose": () => {
      const other = handle.dup();
      spoil();
      const count = heap.refcount(handle);
      spoil();
      other.dispose();
      return [count, heap.refcount(handle)];
    },
    "finalizer.detach": () => {
      const finalizer = heap.finalize(node, () => {});
      spoil();
      finalizer.detach();
      return finalizer.alive;
    },
  };
}

for (const { name, create } of builds) {
  for (const checks of [true, false]) {
    describe.each(spoilers)(`stale arrays, '${name}' core, checks ${checks}: %s`, (_how, spoil) => {
      const heap = create({ checks, autoCollect: false });
      it.each(Object.entries(calls(heap, () => spoil(heap))))("%s", (_call, act) => {
        act();
        const before = act();
        const start = checkpoint(heap);
        spoil(heap);
        expect(act()).toEqual(before);
        heap.verify();
        assertNoLeaks(start);
      });
    });
  }
}
