import { describe, expect, test } from "vitest";
import { assertNoLeaks, checkpoint } from "../../../bindings/testing.js";
import { HeapError, type Heap, type HeapOptions, type Ptr } from "../../../bindings/index.js";
import { builds, expectRefused } from "../../support/cores.js";
import { NULL, manualHeap, newHeap, randomFrom, release, seedOf } from "../../support/objects.js";

// The numbers are those of docs/objects.md, "Weak references".

function nodeType(heap: Heap) {
  return heap.defineType({ name: "Node", fields: { next: "ref", id: "i32" }, weakrefs: true });
}

describe.each(builds)("weak collections, $name core", (build) => {
  /** A heap and some records. */
  function setUp(count = 5, options?: HeapOptions) {
    const heap = newHeap(build, options);
    const Node = nodeType(heap);
    const nodes = Array.from({ length: count }, (_, id) => {
      const node = heap.alloc(Node);
      heap.setI32(node, Node.fields.id, id);
      return node;
    });
    return { heap, Node, nodes };
  }

  test("W35: a map with weak values: members, death of one, death of all", () => {
    const { heap, nodes } = setUp();
    const map = heap.weakValueMap<string>(nodes.map((node, i) => [`k${i}`, node] as const));
    expect(map.size).toBe(5);
    expect(nodes.map((node) => heap.refcount(node))).toEqual([1, 1, 1, 1, 1]);
    expect([map.get("k2"), map.has("k2"), map.get("none"), map.has("none")]).toEqual([
      nodes[2],
      true,
      undefined,
      false,
    ]);
    expect([...map]).toEqual(nodes.map((node, i) => [`k${i}`, node]));
    const copy = heap.weakValueMap(map);
    heap.decref(nodes[2]!);
    for (const either of [map, copy]) {
      expect(either.size).toBe(4);
      expect([either.get("k2"), either.has("k2")]).toEqual([undefined, false]);
      expect([...either.keys()]).toEqual(["k0", "k1", "k3", "k4"]);
    }
    release(heap, nodes[0]!, nodes[1]!, nodes[3]!, nodes[4]!);
    expect([map.size, copy.size, [...map]]).toEqual([0, 0, []]);
    map.dispose();
    copy.dispose();
  });

  test("a collection that cannot be made keeps no weak reference", () => {
    const { heap, nodes } = setUp(1);
    const start = checkpoint(heap);
    const node = nodes[0]!;
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.weakSet([node, heap.none]));
    expectRefused(heap, "ERR_HEAP_TYPE", () =>
      heap.weakKeyMap([
        [node, 1],
        [heap.none, 2],
      ]),
    );
    expectRefused(heap, "ERR_HEAP_TYPE", () =>
      heap.weakValueMap([
        [1, node],
        [2, heap.none],
      ]),
    );
    assertNoLeaks(start);
    heap.decref(node);
  });

  test("W35: a map with weak keys, and a weak set", () => {
    const { heap, nodes } = setUp();
    const map = heap.weakKeyMap(nodes.map((node, i) => [node, i] as const));
    const set = heap.weakSet(nodes);
    expect([map.size, map.get(nodes[3]!), map.has(nodes[3]!)]).toEqual([5, 3, true]);
    expect([...map]).toEqual(nodes.map((node, i) => [node, i]));
    expect([...set]).toEqual(nodes);
    const gone = nodes.pop()!;
    heap.decref(gone);
    expect([map.size, map.get(gone), set.size, set.has(gone)]).toEqual([4, undefined, 4, false]);
    // An object at the same address is another one.
    const others = setUpMore(heap, 3);
    expect(others.some((node) => map.has(node) || set.has(node))).toBe(false);
    release(heap, ...nodes, ...others);
    expect([map.size, set.size]).toEqual([0, 0]);
    map.dispose();
    set.dispose();
  });

  function setUpMore(heap: Heap, count: number): Ptr[] {
    const Node = nodeType(heap);
    return Array.from({ length: count }, () => heap.alloc(Node));
  }

  test("W36: what a weak map holds are weak references: no count moves, and a live one is found again", () => {
    const { heap, nodes } = setUp(1);
    const shared = heap.weakref(nodes[0]!);
    const map = heap.weakValueMap([["k", nodes[0]!]]);
    expect([heap.refcount(nodes[0]!), heap.refcount(shared)]).toEqual([1, 1]);
    expect(map.get("k")).toBe(nodes[0]);
    expect(heap.refcount(nodes[0]!)).toBe(1);
    release(heap, nodes[0]!, shared);
    expect(map.has("k")).toBe(false);
  });

  test("W37: an object dies while its map is iterated", () => {
    const { heap, nodes } = setUp(6);
    const map = heap.weakValueMap(nodes.map((node, i) => [i, node] as const));
    const keyed = heap.weakKeyMap(nodes.map((node, i) => [node, i] as const));
    const seen: unknown[] = [];
    for (const [key] of map) {
      seen.push(key);
      // Itself, one behind, one ahead.
      if (key === 2) release(heap, nodes[2]!, nodes[0]!, nodes[4]!);
    }
    expect(seen).toEqual([0, 1, 2, 3, 5]);
    expect([map.size, keyed.size]).toEqual([3, 3]);
    for (const [node, key] of keyed) {
      seen.push(key);
      heap.decref(node);
    }
    expect(seen.slice(5)).toEqual([1, 3, 5]);
    expect([map.size, keyed.size]).toEqual([0, 0]);
  });

  test("W37: entries come and go while a map is iterated", () => {
    const { heap, nodes } = setUp(4);
    const map = heap.weakValueMap<number>([[0, nodes[0]!]]);
    const seen: number[] = [];
    for (const [key] of map) {
      seen.push(key);
      map.delete(key);
      if (key < 3) map.set(key + 1, nodes[key + 1]!);
    }
    expect([seen, map.size]).toEqual([[0, 1, 2, 3], 0]);
    release(heap, ...nodes);
  });

  test("W38: set, delete and clear within the callback of a death", () => {
    const { heap, nodes } = setUp(6);
    const map = heap.weakValueMap(nodes.map((node, i) => [i, node] as const));
    // Older than the map's own references, so they run after the map has removed the entry; and one that is newer.
    const sizes: number[] = [];
    const newer = heap.weakref(nodes[0]!, () => {
      // The map's own callback is still to run; all the same the entry is gone to whoever looks.
      sizes.push([...map].length);
      expect([map.has(0), map.get(0)]).toEqual([false, undefined]);
      map.set(0, nodes[5]!);
    });
    heap.decref(nodes[0]!);
    expect([sizes, map.get(0), map.size]).toEqual([[5], nodes[5], 6]);
    const clearing = heap.weakref(nodes[1]!, () => map.clear());
    heap.decref(nodes[1]!);
    expect(map.size).toBe(0);
    release(heap, newer, clearing, ...nodes.slice(2));
  });

  test("W39: random mixture of death, set and delete, with the exact size at each step", () => {
    const random = randomFrom(seedOf("weak maps"));
    const below = (n: number): number => Math.floor(random() * n);
    const { heap, Node } = setUp(0);
    const values = heap.weakValueMap<number>();
    const keys = heap.weakKeyMap<number>();
    const set = heap.weakSet();
    const live: Ptr[] = [];
    const model = { values: new Map<number, Ptr>(), keys: new Map<Ptr, number>(), set: new Set<Ptr>() };
    for (let step = 0; step < 4000; step++) {
      const choice = below(10);
      const node = live[below(live.length)];
      if (choice < 3 || node === undefined) live.push(heap.alloc(Node));
      else if (choice < 5) {
        live.splice(live.indexOf(node), 1);
        heap.decref(node);
        for (const [key, value] of model.values) if (value === node) model.values.delete(key);
        model.keys.delete(node);
        model.set.delete(node);
      } else if (choice === 5) {
        const key = below(20);
        values.set(key, node);
        model.values.set(key, node);
      } else if (choice === 6) {
        keys.set(node, step);
        model.keys.set(node, step);
        set.add(node);
        model.set.add(node);
      } else if (choice === 7) expect(values.delete(step % 20)).toBe(model.values.delete(step % 20));
      else if (choice === 8) expect(keys.delete(node)).toBe(model.keys.delete(node));
      else expect(set.delete(node)).toBe(model.set.delete(node));
      expect([values.size, keys.size, set.size]).toEqual([
        model.values.size,
        model.keys.size,
        model.set.size,
      ]);
    }
    expect(new Map(values)).toEqual(model.values);
    expect(new Map(keys)).toEqual(model.keys);
    expect(new Set(set)).toEqual(model.set);
    heap.verify();
    for (const collection of [values, keys, set]) collection.dispose();
    release(heap, ...live);
  });

  test("W41: a key that is not there; an object without weak references", () => {
    const { heap, nodes } = setUp(1);
    const [values, keys, set] = [heap.weakValueMap(), heap.weakKeyMap(), heap.weakSet()];
    expect([values.delete("x"), keys.delete(nodes[0]!), set.delete(nodes[0]!)]).toEqual([
      false,
      false,
      false,
    ]);
    const list = heap.list();
    expectRefused(heap, "ERR_HEAP_TYPE", () => values.set("x", list));
    expectRefused(heap, "ERR_HEAP_TYPE", () => keys.set(list, 1));
    expectRefused(heap, "ERR_HEAP_TYPE", () => set.add(list));
    expect([values.size, keys.size, set.size]).toEqual([0, 0, 0]);
    release(heap, list, ...nodes);
  });

  test("W44: the callback of a value that was replaced leaves the new entry alone", () => {
    const { heap, nodes } = setUp(3);
    const map = heap.weakValueMap([["k", nodes[0]!]]);
    const order: number[] = [];
    // The new value is set in the moment between the old one's death and the map's callback.
    const newer = heap.weakref(nodes[0]!, () => {
      order.push(map.size);
      map.set("k", nodes[1]!);
    });
    heap.decref(nodes[0]!);
    expect([map.get("k"), map.size, order.length]).toEqual([nodes[1], 1, 1]);
    map.set("k", nodes[2]!);
    heap.decref(nodes[1]!);
    expect(map.get("k")).toBe(nodes[2]);
    map.dispose();
    release(heap, newer, nodes[2]!);
  });

  test("W45: a copy while entries die", () => {
    const { heap, nodes } = setUp(50);
    const map = heap.weakValueMap(nodes.map((node, i) => [i, node] as const));
    const copy = heap.weakValueMap<number>();
    for (const [key, value] of map) {
      copy.set(key, value);
      if (key % 3 === 0) heap.decref(nodes[(key + 10) % 50]!);
    }
    const dead = new Set(Array.from({ length: 17 }, (_, i) => (3 * i + 10) % 50));
    const alive = nodes.filter((_, i) => !dead.has(i));
    expect([...map.values()]).toEqual(alive);
    expect(new Set(copy.values())).toEqual(new Set(alive));
    release(heap, ...alive);
    expect([map.size, copy.size]).toEqual([0, 0]);
  });

  describe("and the collector", () => {
    /** Objects that refer to themselves, in a map, dropped. */
    function fill(heap: Heap, count: number) {
      const Node = nodeType(heap);
      const map = heap.weakValueMap<number>();
      for (let i = 0; i < count; i++) {
        const node = heap.alloc(Node);
        heap.setRef(node, Node.fields.next, node);
        map.set(i, node);
        heap.decref(node);
      }
      return map;
    }

    test("W33: a map full of trash cycles, with an iterator alive", () => {
      const heap = manualHeap(build);
      const map = fill(heap, 20);
      const iterator = map[Symbol.iterator]();
      expect(iterator.next().done).toBe(false);
      expect(map.size).toBe(20);
      heap.gc();
      expect(map.size).toBe(0);
      expect(iterator.next().done).toBe(true);
    });

    test("W34: the same under automatic collection with thresholds from 1 to 99", () => {
      for (let threshold = 1; threshold < 100; threshold += 7) {
        const heap = newHeap(build, {
          thresholds: [threshold, threshold, threshold],
        } as HeapOptions);
        const map = fill(heap, 20);
        const before = map.size;
        const list = heap.list();
        const after = map.size;
        expect([after <= before, before <= 20]).toEqual([true, true]);
        heap.decref(list);
        heap.gc();
        expect(map.size).toBe(0);
      }
    });
  });
});

describe.each(builds)("finalize, $name core", (build) => {
  function setUp(options: HeapOptions = {}) {
    const unraisable: unknown[] = [];
    const heap = newHeap(build, { onUnraisable: (error) => unraisable.push(error), ...options });
    const Node = nodeType(heap);
    return { heap, Node, object: heap.alloc(Node), unraisable };
  }

  test("W46: call runs it once, detach gives it up, peek shows it, alive says whether it waits", () => {
    const { heap, Node, object } = setUp();
    let calls = 0;
    const fn = (): number => ++calls * 10;
    const called = heap.finalize(object, fn);
    expect([called.alive, called.peek()]).toEqual([true, { ptr: object, fn }]);
    expect(heap.refcount(object)).toBe(1);
    expect([called.call(), called.call(), called.alive, called.peek(), called.detach()]).toEqual([
      ...[10, undefined, false, undefined, undefined],
    ]);
    const detached = heap.finalize(object, fn);
    expect(detached.detach()).toEqual({ ptr: object, fn });
    expect([detached.alive, detached.call(), detached.detach()]).toEqual([false, undefined, undefined]);
    const waiting = heap.finalize(object, fn);
    heap.decref(object);
    expect([calls, waiting.alive, waiting.call(), waiting.peek()]).toEqual([2, false, undefined, undefined]);
    // An object at the same address has no finalizer.
    heap.decref(heap.alloc(Node));
    expect(calls).toBe(2);
  });

  test("W47: five on one object, one detached, one called: the rest run newest first", () => {
    const { heap, object } = setUp();
    const order: number[] = [];
    const finalizers = [0, 1, 2, 3, 4].map((i) => heap.finalize(object, () => order.push(i)));
    finalizers[1]!.detach();
    finalizers[3]!.call();
    expect(order).toEqual([3]);
    heap.decref(object);
    expect(order).toEqual([3, 4, 2, 0]);
    expect(finalizers.some(({ alive }) => alive)).toBe(false);
  });

  test("finalizers that wait while others of a dead object run neither show it nor can be given up", () => {
    const { heap, object } = setUp();
    const seen: unknown[] = [];
    const first = heap.finalize(object, () => seen.push("first"));
    heap.finalize(object, () => seen.push(first.alive, first.peek(), first.detach()));
    heap.decref(object);
    expect(seen).toEqual([true, undefined, undefined, "first"]);
  });

  test("W48: it runs although nobody kept it, and after the death nothing is left", () => {
    const { heap, object } = setUp();
    let calls = 0;
    heap.finalize(object, () => calls++);
    heap.decref(object);
    expect(calls).toBe(1);
  });

  test("W49: when the heap is disposed of: newest first, one turned off, one that throws, one that adds another", () => {
    const { heap, object, unraisable } = setUp({ onLeak: () => {} });
    const order: string[] = [];
    heap.finalize(object, () => order.push("first"));
    heap.finalize(object, () => order.push("off")).atexit = false;
    heap.finalize(object, () => {
      order.push("throws");
      throw new Error("at exit");
    });
    heap.finalize(object, () => {
      order.push("adds");
      heap.finalize(object, () => order.push("added"));
    });
    heap.finalize(object, () => order.push("last"));
    heap.dispose();
    expect(order).toEqual(["last", "adds", "added", "throws", "first"]);
    expect(unraisable.length).toBe(1);
  });

  test("many that wait when the heap is disposed of take time in proportion", () => {
    const time = (count: number): number => {
      const heap = build.create({ autoCollect: false, onLeak: () => {} });
      let calls = 0;
      for (let i = 0; i < count; i++) heap.finalize(heap.int(1000 + i), () => calls++);
      const start = performance.now();
      heap.dispose();
      expect(calls).toBe(count);
      return performance.now() - start;
    };
    time(1000);
    // 32 times as many; 1,024 times as long if each looked at all the others.
    const base = Math.max(1, Math.min(time(1000), time(1000), time(1000)));
    expect(time(32_000) / base).toBeLessThan(300);
  });

  test("errors are reported, and the others run", () => {
    const { heap, object, unraisable } = setUp();
    let calls = 0;
    heap.finalize(object, () => calls++);
    heap.finalize(object, () => {
      throw new Error("in finalize");
    });
    heap.finalize(object, () => calls++);
    heap.decref(object);
    expect([calls, unraisable.length]).toEqual([2, 1]);
  });

  test("bad arguments", () => {
    const { heap, object } = setUp();
    const codes: string[] = [];
    for (const action of [
      () => heap.finalize(object, 1 as never),
      () => heap.finalize(NULL, () => {}),
      () => heap.finalize((object + 8) as Ptr, () => {}),
    ]) {
      try {
        action();
      } catch (error) {
        codes.push((error as HeapError).code);
      }
    }
    expect(codes[0]).toBe("ERR_HEAP_ARGUMENT");
    expect(codes.length).toBe(3);
    heap.decref(object);
  });
});
