import { describe, expect, test } from "vitest";
import { Kind, type Heap, type HeapOptions, type Ptr } from "../../../bindings/index.js";
import { refused } from "../../support/bad-input.js";
import { builds } from "../../support/cores.js";
import { manualHeap, newHeap, randomFrom, release, seedOf } from "../../support/objects.js";
import { stress } from "../../../bindings/testing.js";

const LEAST = -(2 ** 30);
const MOST = 2 ** 30 - 1;
const VALUES = [0, 1, -1, 5, 256, 257, -6, LEAST, MOST];
const isTagged = (p: Ptr): boolean => (p & 1) === 1;

describe.each(builds)("tagged ints, $name core", (build) => {
  const tagging = (options?: HeapOptions): Heap => newHeap(build, { taggedInts: true, ...options });

  test.each([true, false])("an int of 31 bits is a reference, checks: %s", (checks) => {
    const heap = tagging({ checks });
    const before = heap.stats();
    for (const value of VALUES) {
      const p = heap.int(value);
      expect(isTagged(p)).toBe(true);
      expect(p).toBeGreaterThan(0);
      expect(heap.int(BigInt(value))).toBe(p);
      expect([heap.intValue(p), heap.toJS(p), heap.fromJS(value)]).toEqual([value, value, p]);
      expect([heap.kindOf(p), heap.typeOf(p).name]).toEqual([Kind.int, "int"]);
      expect(heap.isImmortal(p)).toBe(true);
      expect(heap.refcount(p)).toBeGreaterThanOrEqual(2 ** 30);
      heap.incref(p);
      for (let i = 0; i < 3; i++) heap.decref(p);
      heap.makeImmortal(p);
    }
    expect(heap.stats().poolBytes).toBe(before.poolBytes);
    for (const value of [LEAST - 1, MOST + 1, 2 ** 53 - 1, 2n ** 62n]) {
      const p = heap.int(value);
      expect(isTagged(p)).toBe(false);
      expect(heap.toJS(p)).toBe(value);
      heap.decref(p);
    }
    refused(heap, "ERR_HEAP_RANGE", () => heap.int(2n ** 63n));
    refused(heap, "ERR_HEAP_ARGUMENT", () => heap.int(0.5));
  });

  test.each([true, false])("every slot takes one, checks: %s", (checks) => {
    const heap = tagging({ checks });
    const Node = heap.defineType({ name: "Node", fields: { a: "ref", b: "ref" }, items: "ref" });
    const node = heap.alloc(Node, 3);
    const text = heap.str("text");
    const seven = heap.int(7);
    for (const value of [seven, text, seven, text, heap.int(-1), null]) {
      heap.setRef(node, Node.fields.a, value);
      heap.setItem(node, 1, value);
      expect(heap.getRef(node, Node.fields.a)).toBe(value ?? 0);
      expect(heap.getItem(node, 1)).toBe(value ?? 0);
    }
    heap.stealRef(node, Node.fields.b, heap.int(8));
    heap.stealRef(node, Node.fields.b, heap.int(9));
    heap.setItem(node, 2, seven);
    const list = heap.list([seven, text, seven]);
    heap.lists.append(list, heap.int(10));
    heap.lists.insert(list, 0, heap.int(11));
    heap.lists.set(list, 2, seven);
    heap.lists.extend(list, [seven, seven]);
    heap.lists.extend(list, list);
    const part = heap.lists.slice(list, 1, 3);
    expect(heap.toJS(part)).toEqual([7, 7]);
    expect(heap.intValue(heap.lists.pop(list))).toBe(7);
    heap.lists.delete(list, 0, 11);
    expect(heap.toJS(list)).toEqual([10, 7]);
    const tuple = heap.tuple([seven, text, heap.int(MOST)]);
    const dict = heap.dict([
      [seven, heap.int(1)],
      [text, seven],
    ]);
    heap.dicts.set(dict, seven, seven);
    heap.dicts.set(dict, heap.int(8), text);
    heap.dicts.set(dict, heap.int(8), heap.int(2));
    expect(heap.toJS(dict)).toEqual(
      new Map<unknown, number>([
        [7, 7],
        ["text", 7],
        [8, 2],
      ]),
    );
    expect(heap.dicts.delete(dict, seven)).toBe(true);
    expect(heap.dicts.has(dict, seven)).toBe(false);
    expect([...heap.dicts.keys(dict)]).toEqual([text, heap.int(8)]);
    heap.verify();
    expect(heap.gc()).toBe(0);
    expect(heap.refcount(text)).toBe(3);
    const handle = heap.own(seven);
    const copy = handle.dup();
    expect(heap.toJS(copy)).toBe(7);
    copy.dispose();
    heap.releaseRange([seven, null, text, handle]);
    heap.verify();
    release(heap, node, list, part, tuple, dict);
  });

  test("a tagged int is the same key as an int object of its value, and as no other", () => {
    const heap = tagging();
    const dict = heap.dict();
    // What C code may have made: ints that are objects although they would fit.
    const object = heap.int(MOST + 1);
    heap.views.i64[(object + 8) >>> 3] = 1000n;
    heap.dicts.set(dict, object, heap.true);
    expect(heap.dicts.get(dict, heap.int(1000))).toBe(heap.true);
    heap.dicts.set(dict, heap.int(1000), heap.false);
    expect(heap.length(dict)).toBe(1);
    heap.dicts.delete(dict, heap.int(1000));
    heap.dicts.set(dict, heap.int(1000), heap.true);
    expect(heap.dicts.get(dict, object)).toBe(heap.true);
    const float = heap.float(1000);
    expect(heap.dicts.has(dict, float)).toBe(false);
    expect(heap.dicts.has(dict, heap.int(1001))).toBe(false);
    expect(heap.dicts.has(dict, heap.none)).toBe(false);
    for (let i = -2000; i < 2000; i++) heap.dicts.set(dict, heap.int(i), heap.int(i * 2));
    for (let i = -2000; i < 2000; i++) expect(heap.intValue(heap.dicts.get(dict, heap.int(i)))).toBe(i * 2);
    heap.verify();
    release(heap, object, float, dict);
  });

  test("cycles, deaths and collections among tagged ints", () => {
    const heap = manualHeap(build, { taggedInts: true });
    const Node = heap.defineType({ name: "Node", fields: { a: "ref", b: "ref", c: "ref" }, weakrefs: true });
    const nodes = Array.from({ length: 300 }, () => heap.alloc(Node));
    nodes.forEach((p, i) => {
      heap.setRef(p, Node.fields.a, heap.int(i));
      heap.setRef(p, Node.fields.b, nodes[(i + 1) % 300]!);
      heap.setRef(p, Node.fields.c, heap.int(-i));
    });
    const list = heap.list([...nodes.slice(0, 2), heap.int(3)]);
    heap.lists.append(list, list);
    heap.setRef(nodes[0]!, Node.fields.a, list);
    const tuple = heap.tuple([heap.int(1), heap.int(2)]);
    expect(heap.gc()).toBe(0);
    expect(heap.collector.isTracked(tuple)).toBe(false);
    expect(heap.collector.referents(tuple).map((p) => heap.toJS(p))).toEqual([1, 2]);
    expect(heap.collector.referrers(heap.int(2))).toContain(nodes[2]);
    expect(heap.collector.isTracked(heap.int(1))).toBe(false);
    expect(heap.collector.referents(heap.int(1))).toEqual([]);
    release(heap, ...nodes, tuple, list);
    expect(heap.gc()).toBe(301);
    const chain = heap.list();
    let last = chain;
    for (let i = 0; i < 1000; i++) {
      const next = heap.list([heap.int(i)]);
      heap.lists.append(last, heap.int(i));
      heap.lists.append(last, next);
      heap.lists.append(last, heap.int(-i));
      heap.decref(next);
      last = next;
    }
    heap.decref(chain);
    heap.verify();
  });

  test("fromJS and toJS of nested values, under stress", () => {
    const heap = tagging();
    stress(heap, 1);
    const value = [
      1,
      [2, [MOST, MOST + 1, LEAST, LEAST - 1]],
      new Map<unknown, unknown>([
        [1, "one"],
        ["two", 2],
      ]),
    ];
    const p = heap.fromJS(value);
    expect(heap.toJS(p)).toEqual(value);
    heap.decref(p);
  });

  test("with a stack, roots and edges", () => {
    const heap = manualHeap(build, { taggedInts: true });
    const stack = heap.stack({ slots: 8 });
    stack.push(heap.int(5));
    stack.adopt(heap.int(-5));
    stack.set(0, heap.int(6));
    const remove = heap.addRoots((visit) => visit(heap.int(1)));
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
    heap.addTraverse(Node, (_self, visit) => visit(heap.int(1)));
    heap.decref(heap.alloc(Node));
    heap.reclaim();
    heap.gc();
    heap.verify();
    expect([stack.pop(), stack.pop()].map((p) => heap.intValue(p))).toEqual([-5, 6]);
    remove();
  });

  test("what wants an object refuses one", () => {
    const heap = tagging();
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" }, weakrefs: true });
    const five = heap.int(5);
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.getRef(five, Node.fields.next));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.setRef(five, Node.fields.next, five));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.length(five));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.lists.append(five, five));
    refused(heap, "ERR_HEAP_TYPE", () => heap.floatValue(five));
    refused(heap, "ERR_HEAP_TYPE", () => heap.weakref(five));
    refused(heap, "ERR_HEAP_TYPE", () => heap.weakKeyMap([[five, 1]]));
    refused(heap, "ERR_HEAP_TYPE", () => heap.weakValueMap([[1, five]]));
    refused(heap, "ERR_HEAP_TYPE", () => heap.weakSet([five]));
    refused(heap, "ERR_HEAP_TYPE", () => heap.finalize(five, () => {}));
    for (const p of [-1, 2 ** 32 + 1, 0.5, NaN])
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.incref(p as Ptr));
  });

  test("without the option an odd pointer is none", () => {
    const heap = newHeap(build);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
    const [node, list, dict] = [heap.alloc(Node), heap.list([heap.none]), heap.dict()];
    const odd = 11 as Ptr;
    for (const action of [
      () => heap.incref(odd),
      () => heap.toJS(odd),
      () => heap.intValue(odd),
      () => heap.typeOf(odd),
      () => heap.setRef(node, Node.fields.next, odd),
      () => heap.lists.append(list, odd),
      () => heap.dicts.set(dict, odd, odd),
      () => heap.tuple([odd]),
      () => heap.own(odd),
      () => heap.stack({ slots: 1 }).push(odd),
    ])
      refused(heap, "ERR_HEAP_BAD_POINTER", action);
    heap.views.u32[(node + heap.fieldOffset(Node.fields.next)) >>> 2] = odd;
    expect(() => heap.verify()).toThrow(expect.objectContaining({ code: "ERR_HEAP_CORRUPT" }));
    heap.views.u32[(node + heap.fieldOffset(Node.fields.next)) >>> 2] = 0;
    release(heap, node, list, dict);
  });

  test("a reset keeps the option", () => {
    const heap = tagging();
    heap.reset();
    const list = heap.list([heap.int(1)]);
    heap.verify();
    heap.decref(list);
  });

  test("random programs do the same with and without", () => {
    const seed = seedOf("tagged ints");
    const run = (taggedInts: boolean): unknown => {
      const random = randomFrom(seed);
      const heap = newHeap(build, { taggedInts, thresholds: [100, 3, 3] });
      const root = heap.dict();
      for (let i = 0; i < 3000; i++) {
        const pick = Math.floor(random() * 50);
        const value = Math.floor((random() - 0.5) * 2 ** (random() * 40));
        const key = heap.int(pick);
        const made = random() < 0.5 ? heap.int(value) : heap.fromJS([value, [pick, root]]);
        if (random() < 0.2) heap.dicts.delete(root, key);
        else heap.dicts.set(root, key, made);
        if (random() < 0.1) heap.dicts.set(root, made, key);
        release(heap, key, made);
        if (i % 500 === 0) heap.verify();
      }
      const result = [...heap.dicts.entries(root)]
        .filter(([, value]) => heap.kindOf(value) === Kind.int)
        .map(([key, value]) => [heap.kindOf(key) === Kind.int ? heap.toJS(key) : "", heap.toJS(value)]);
      for (const key of [...heap.dicts.keys(root)]) heap.dicts.delete(root, key);
      heap.decref(root);
      heap.gc();
      return result;
    };
    expect(run(true)).toEqual(run(false));
  });
});
