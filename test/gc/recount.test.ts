import { describe, expect, test } from "vitest";
import { BROKEN_REFERENCE_COUNT, STATE_CRITICAL } from "../../bindings/generated/layout.js";
import { type Heap, type Ptr } from "../../bindings/index.js";
import { coreOf } from "../../bindings/heap/heap.js";
import { objectLayerOf } from "../../bindings/heap/record-heap.js";
import { builds, errorOf } from "../support/cores.js";
import {
  NULL,
  manualHeap,
  newHeap,
  randomFrom,
  release,
  seedOf,
  selfCycle,
  setCount,
} from "../support/objects.js";

/** The header words of every object. */
function headers(heap: Heap): number[][] {
  const { memory, calls } = objectLayerOf(heap);
  const found: number[][] = [];
  for (let p = 0; (p = calls.abi.object_next(p) >>> 0) !== 0;) {
    found.push([p, memory.i32[p >>> 2]!, memory.i32[(p >>> 2) + 1]!]);
  }
  return found;
}

/** verify() says that so many references lead to `p`, and leaves everything as it was. */
function expectDamage(heap: Heap, p: Ptr, references: number): void {
  const before = headers(heap);
  const error = errorOf(() => heap.verify());
  expect(error).toMatchObject({
    code: "ERR_HEAP_CORRUPT",
    invariant: "an object is referred to more often than its count says",
    invariantCode: BROKEN_REFERENCE_COUNT,
    address: p,
    expected: references,
    actual: heap.refcount(p),
  });
  expect(headers(heap)).toEqual(before);
}

/** What an object of each kind is made by; the caller owns it. */
const CHILDREN: Record<string, (heap: Heap) => Ptr> = {
  list: (heap) => heap.list([heap.none]),
  record: (heap) => heap.alloc(heap.defineType({ name: "Record", fields: { a: "ref" } })),
  "acyclic record": (heap) =>
    heap.alloc(heap.defineType({ name: "Acyclic", acyclic: true, fields: { a: "ref" } })),
  float: (heap) => heap.float(1.5),
  int: (heap) => heap.int(1e9),
  str: (heap) => heap.str("a string"),
  "interned str": (heap) => heap.intern("interned"),
  bytes: (heap) => heap.bytesObject(new Uint8Array(3)),
  "large bytes": (heap) => heap.bytesObject(new Uint8Array(100_000)),
  tuple: (heap) => heap.tuple([heap.none]),
  dict: (heap) => heap.dict(),
};

/** What refers to a child, each in its own way; three times, and once if only once is possible. */
const PARENTS: Record<string, (heap: Heap, child: Ptr) => Ptr> = {
  "a list": (heap, child) => heap.list([child, child, heap.none, child]),
  "a list with a buffer": (heap, child) =>
    heap.list([...Array.from({ length: 50 }, () => heap.none), child, child, child]),
  "a tuple": (heap, child) => heap.tuple([child, child, child]),
  "values of a dict": (heap, child) => {
    const keys = [1, 2, 3, 4].map((key) => heap.int(key));
    const dict = heap.dict(keys.map((key) => [key, child]));
    heap.dicts.delete(dict, keys[1]!);
    return dict;
  },
  "a record": (heap, child) => {
    const Type = heap.defineType({ name: "Three", fields: { a: "ref", b: "ref", c: "ref" } });
    const record = heap.alloc(Type);
    for (const field of Object.values(Type.fields)) heap.setRef(record, field, child);
    return record;
  },
  "a record with fields in between": (heap, child) => {
    const Type = heap.defineType({
      name: "Mixed",
      acyclic: true,
      fields: { a: "ref", i: "i32", b: "ref", j: "f64", c: "ref", d: "ref" },
    });
    const { a, b, c } = Type.fields;
    const record = heap.alloc(Type);
    for (const field of [a, b, c]) heap.setRef(record, field, child);
    return record;
  },
  "a record of references": (heap, child) => {
    const Type = heap.defineType({ name: "Row", fields: { first: "ref" }, items: "ref" });
    const record = heap.alloc(Type, 3);
    heap.setRef(record, Type.fields.first, child);
    heap.setItem(record, 0, child);
    heap.setItem(record, 2, child);
    return record;
  },
  "an immortal list": (heap, child) => {
    const list = heap.list([child, child, child]);
    heap.makeImmortal(list);
    return list;
  },
  "lists of three generations and a frozen one": (heap, child) => {
    const parts: Ptr[] = [];
    const freeze = (): void => heap.collector.freeze();
    for (const age of [freeze, () => heap.gc(1), () => heap.gc(0)]) {
      parts.push(heap.list([child]));
      age();
    }
    const list = heap.list(parts);
    release(heap, ...parts);
    return list;
  },
};

const combinations = Object.keys(CHILDREN).flatMap((child) =>
  Object.keys(PARENTS).map((parent) => [child, parent]),
);

describe.each(builds)("verify() compares counts with references, $name core", (build) => {
  test.each(combinations)("to a %s from %s", (childName, parentName) => {
    // An immortal parent would be a leak.
    const heap = parentName.includes("immortal") ? build.create({ autoCollect: false }) : manualHeap(build);
    const child = CHILDREN[childName!]!(heap);
    const before = heap.refcount(child);
    const parent = PARENTS[parentName!]!(heap, child);
    const references = 3;
    expect(heap.refcount(child) - before).toBe(references);
    heap.verify();
    for (const count of [references, references + 7]) {
      setCount(heap, child, count);
      heap.verify();
    }
    for (const count of [1, 2]) {
      setCount(heap, child, count);
      expectDamage(heap, child, references);
    }
    setCount(heap, child, before + references);
    heap.verify();
    release(heap, parent, child);
    if (parentName.includes("immortal")) heap.reset();
    heap.verify();
  });

  test("keys of dicts", () => {
    const heap = newHeap(build);
    const [key, number] = [heap.str("a key"), heap.int(1e9)];
    const dicts = [1, 2, 3].map(() =>
      heap.dict([
        [key, heap.none],
        [number, key],
      ]),
    );
    for (const [child, references] of [
      [key, 6],
      [number, 3],
    ] as const) {
      setCount(heap, child, references - 1);
      expectDamage(heap, child, references);
      setCount(heap, child, references + 1);
    }
    heap.verify();
    release(heap, ...dicts, key, number);
  });

  test("an object that holds itself, and a cycle", () => {
    const heap = manualHeap(build);
    const list = heap.list();
    for (let i = 0; i < 3; i++) heap.lists.append(list, list);
    const other = heap.list([list]);
    heap.lists.append(list, other);
    heap.decref(other);
    setCount(heap, list, 1);
    expectDamage(heap, list, 4);
    // What a collection finds too, and leaves as it is.
    expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_CORRUPT");
    expectDamage(heap, list, 4);
    setCount(heap, list, 5);
    heap.verify();
    heap.decref(list);
    expect(heap.gc()).toBe(2);
  });

  test("one after the other is found where several are damaged, null is no object, and immortals are left alone", () => {
    const heap = newHeap(build);
    const children = Array.from({ length: 20 }, (_, i) => (i % 2 ? heap.float(i) : heap.list()));
    const Type = heap.defineType({ name: "Sparse", fields: { a: "ref", b: "ref" } });
    const record = heap.alloc(Type);
    const list = heap.list([...children, ...children, heap.none, heap.true, heap.int(3), heap.str("")]);
    for (const child of children) setCount(heap, child, 1);
    const found = children.map(() => {
      const address = errorOf(() => heap.verify()).address as Ptr;
      expectDamage(heap, address, 2);
      setCount(heap, address, 3);
      return address;
    });
    expect(new Set(found)).toEqual(new Set(children));
    heap.verify();
    release(heap, list, record, ...children);
  });

  test("a heap that is reset has no damage", () => {
    const heap = build.create();
    const value = heap.float(1);
    heap.list([value, value]);
    setCount(heap, value, 1);
    expectDamage(heap, value, 2);
    heap.reset();
    heap.verify();
    heap.dispose();
  });

  test("weak references, handles and kept garbage own what they say", () => {
    const heap = manualHeap(build);
    const list = heap.alloc(heap.defineType({ name: "Referent", weakrefs: true }));
    const weak = heap.weakref(list);
    const holder = heap.list([weak, weak]);
    setCount(heap, weak, 1);
    expectDamage(heap, weak, 2);
    setCount(heap, weak, 3);
    const handle = heap.own(list);
    heap.verify();
    handle[Symbol.dispose]();
    heap.collector.debug = heap.collector.SAVEALL;
    selfCycle(heap);
    expect(heap.gc()).toBe(1);
    heap.verify();
    heap.collector.debug = 0;
    heap.decref(heap.collector.garbage.pop()!);
    heap.verify();
    heap.gc();
    release(heap, holder, weak);
  });

  test("finalizers and callbacks of deaths and collections may verify", () => {
    const heap = manualHeap(build);
    let calls = 0;
    const verify = (): void => {
      calls++;
      heap.verify();
    };
    const Node = heap.defineType({
      name: "Node",
      fields: { a: "ref", b: "ref" },
      weakrefs: true,
      finalize: verify,
    });
    const { a, b } = Node.fields;
    const chain = (length: number, last: Ptr): Ptr => {
      let next = last;
      for (let i = 0; i < length; i++) {
        const node = heap.alloc(Node);
        heap.setRef(node, b, heap.float(i));
        heap.decref(heap.getRef(node, b));
        if (next !== NULL) heap.stealRef(node, a, next);
        next = node;
      }
      return next;
    };
    const shared = heap.list();
    heap.incref(shared);
    heap.finalize(shared, verify);
    heap.decref(chain(20, shared));
    expect(calls).toBe(20);
    heap.collector.callbacks.add(verify);
    const last = heap.alloc(Node);
    const weak = heap.weakref(last, verify);
    heap.incref(last);
    const first = chain(20, last);
    heap.setRef(last, a, first);
    heap.setRef(last, b, shared);
    release(heap, first, last, shared);
    calls = 0;
    expect(heap.gc()).toBe(22);
    // Every node, the weak reference, the list, and the collection at its start and end.
    expect(calls).toBe(21 + 1 + 1 + 2);
    heap.collector.callbacks.clear();
    heap.decref(weak);
  });

  test("random heaps have no damage but what was done to them", () => {
    const random = randomFrom(seedOf("counts and references"));
    const below = (limit: number): number => Math.floor(random() * limit);
    const heap = newHeap(build);
    const Pair = heap.defineType({ name: "Pair", fields: { left: "ref", n: "i32", right: "ref" } });
    const Watched = heap.defineType({
      name: "Watched",
      fields: { next: "ref" },
      finalize: () => heap.verify(),
    });
    const owned: Ptr[] = [];
    const any = (): Ptr => (owned.length > 0 ? owned[below(owned.length)]! : heap.none);
    const makers = [
      () => heap.list(Array.from({ length: below(12) }, any)),
      () => heap.tuple(Array.from({ length: 1 + below(6) }, any)),
      () => heap.alloc(Pair),
      () => heap.alloc(Watched),
      () => heap.float(random()),
      () => heap.int(below(1e6)),
      () => heap.intern(`name ${below(20)}`),
      () => heap.dict(),
    ];
    /** References of live objects to one. */
    const referencesTo = (p: Ptr): number =>
      headers(heap).reduce((sum, [object]) => {
        const { memory, calls } = objectLayerOf(heap);
        const count = calls.abi.gc_referents(object!, 0);
        if (count === 0) return sum;
        const buffer = heap.raw.malloc(4 * count);
        calls.abi.gc_referents(object!, buffer);
        const found = memory.u32
          .subarray(buffer >>> 2, (buffer >>> 2) + count)
          .filter((child) => child === p);
        heap.raw.free(buffer);
        return sum + found.length;
      }, 0);
    for (let step = 0; step < 600; step++) {
      const target = any();
      const type = heap.typeOf(target).name;
      const choice = below(10);
      if (choice < 4) owned.push(makers[below(makers.length)]!());
      else if (choice < 6 && owned.length > 0) heap.decref(owned.splice(below(owned.length), 1)[0]!);
      else if (type === "list" && heap.lists.length(target) > 3) heap.lists.delete(target, 0, 2);
      else if (type === "list") heap.lists.append(target, any());
      else if (type === "dict") heap.dicts.set(target, heap.int(below(200)), any());
      else if (type === "Pair") heap.setRef(target, below(2) ? Pair.fields.left : Pair.fields.right, any());
      else if (type === "Watched") heap.setRef(target, Watched.fields.next, any());
      else if (choice === 9) heap.gc(below(3) as 0 | 1 | 2);
      heap.verify();
      const victim = any();
      const references = step % 5 === 0 && !heap.isImmortal(victim) ? referencesTo(victim) : 0;
      if (references < 2) continue;
      const count = heap.refcount(victim);
      setCount(heap, victim, references);
      heap.verify();
      setCount(heap, victim, 1 + below(references - 1));
      expectDamage(heap, victim, references);
      setCount(heap, victim, count);
    }
    release(heap, ...owned);
    heap.gc();
  });

  test("a stack that ends before or while counts are compared leaves them as they are", () => {
    const heap = newHeap(build);
    const value = heap.float(1);
    const list = heap.list([value, value]);
    const core = coreOf(heap);
    const ways = [() => heap.verify(), () => core.exports.verify()];
    for (const verify of ways) {
      // Goes down to the end of the stack, and tries on the way back until there is room for it.
      let [failed, succeeded] = [0, 0];
      const dive = (): void => {
        try {
          dive();
        } catch {
          failed++;
        }
        if (succeeded >= 10) return;
        try {
          verify();
          succeeded++;
        } catch {
          failed++;
        }
      };
      dive();
      expect(failed).toBeGreaterThan(0);
      expect(succeeded).toBe(10);
      expect([heap.refcount(value), core.exports.verify(), core.state(STATE_CRITICAL)]).toEqual([3, 0, 0]);
    }
    heap.verify();
    release(heap, list, value);
  });
});
