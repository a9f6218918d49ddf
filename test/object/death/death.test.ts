import { ARENA_BYTES, IDLE_ARENAS } from "../../../bindings/generated/layout.js";
import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { builds, release as releaseBuild } from "../../support/cores.js";
import { NULL, manualHeap, newHeap, randomFrom, release, seedOf } from "../../support/objects.js";
import { many } from "../../support/stress.js";

function pairType(heap: Heap) {
  return heap.defineType({ name: "Pair", fields: { left: "ref", right: "ref" } });
}

/** Bytes of the pages in use. */
function used(heap: Heap): number {
  return heap.stats().heapUsed;
}

/** What a heap may keep although nothing is in it: idle pools, while they lie in no more arenas than these. */
const IDLE = IDLE_ARENAS * ARENA_BYTES;

/** Releases the last reference to a large structure and proves that its death took no memory. */
function kill(heap: Heap, root: Ptr): void {
  const before = heap.stats().heapTotal;
  heap.decref(root);
  expect(heap.stats().heapTotal).toBe(before);
}

/** These tests make tens of millions of calls. */
const UNCHECKED = { checks: false };

describe("large structures die in constant stack and without memory", () => {
  test("a chain of 10 million", () => {
    const heap = manualHeap(releaseBuild, UNCHECKED);
    const Link = heap.defineType({ name: "Link", fields: { next: "ref" } });
    const { next } = Link.fields;
    const empty = used(heap);
    let head = heap.alloc(Link);
    for (let i = 1; i < 10_000_000; i++) {
      const link = heap.alloc(Link);
      heap.stealRef(link, next, head);
      head = link;
    }
    expect(used(heap) - empty).toBeGreaterThanOrEqual(10_000_000 * 12);
    kill(heap, head);
    expect(used(heap)).toBeLessThanOrEqual(empty + IDLE);
  });

  test("a full binary tree of 2²³ records", () => {
    const heap = manualHeap(releaseBuild, UNCHECKED);
    const Pair = pairType(heap);
    const { left, right } = Pair.fields;
    const build = (depth: number): Ptr => {
      const node = heap.alloc(Pair);
      if (depth > 0) {
        heap.stealRef(node, left, build(depth - 1));
        heap.stealRef(node, right, build(depth - 1));
      }
      return node;
    };
    const empty = used(heap);
    const root = build(22);
    expect(used(heap) - empty).toBeGreaterThanOrEqual((2 ** 23 - 1) * 16);
    kill(heap, root);
    expect(used(heap)).toBeLessThanOrEqual(empty + IDLE);
  });

  test("a list of 3 million elements", () => {
    const heap = manualHeap(releaseBuild, UNCHECKED);
    const Pair = pairType(heap);
    const list = heap.list();
    for (let i = 0; i < 3_000_000; i++) {
      const element = heap.alloc(Pair);
      heap.lists.append(list, element);
      heap.decref(element);
    }
    expect(heap.lists.length(list)).toBe(3_000_000);
    kill(heap, list);
  });

  test("lists in lists, tuples in tuples and mappings in mappings, 300,000 deep", () => {
    const heap = manualHeap(releaseBuild, UNCHECKED);
    const key = heap.str("below");
    const wrap: ((below: Ptr) => Ptr)[] = [
      (below) => heap.list([below]),
      (below) => heap.tuple([below]),
      (below) => {
        const dict = heap.dict();
        heap.dicts.set(dict, key, below);
        return dict;
      },
    ];
    for (const kinds of [[0], [1], [2], [0, 1, 2]]) {
      let top = heap.list();
      for (let depth = 0; depth < 300_000; depth++) {
        const above = wrap[kinds[depth % kinds.length]!]!(top);
        heap.decref(top);
        top = above;
      }
      kill(heap, top);
    }
    heap.decref(key);
  });
});

/** A type whose finalizer notes the object's id. */
function reporting(heap: Heap, died: number[]) {
  const Node = heap.defineType({
    name: "Node",
    fields: { a: "ref", b: "ref", c: "ref", id: "i32" },
    finalize: (self: Ptr) => void died.push(heap.getI32(self, Node.fields.id)),
  });
  const make = (id: number): Ptr => {
    const node = heap.alloc(Node);
    heap.setI32(node, Node.fields.id, id);
    return node;
  };
  return { Node, make };
}

describe.each(builds)("order of destruction, $name core", (build) => {
  test("fields in the order of declaration, depth first", () => {
    const heap = newHeap(build);
    const died: number[] = [];
    const { Node, make } = reporting(heap, died);
    const { a, b, c } = Node.fields;
    const nodes = [0, 1, 2, 3, 4, 5, 6].map(make);
    const link = (from: number, field: typeof a, to: number): void =>
      heap.stealRef(nodes[from]!, field, nodes[to]!);
    // Stored in another order than declared.
    link(0, c, 5);
    link(0, a, 1);
    link(0, b, 4);
    link(1, b, 3);
    link(1, a, 2);
    link(5, b, 6);
    heap.decref(nodes[0]!);
    expect(died).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("a derived type's fields before those of its base", () => {
    const heap = newHeap(build);
    const died: number[] = [];
    const { make } = reporting(heap, died);
    const Base = heap.defineType({ name: "Base", fields: { first: "ref" } });
    const Middle = heap.defineType({
      name: "Middle",
      extends: Base,
      fields: { second: "ref", third: "ref" },
    });
    const Last = heap.defineType({ name: "Last", extends: Middle, fields: { fourth: "ref" } });
    const object = heap.alloc(Last);
    heap.stealRef(object, Base.fields.first, make(1));
    heap.stealRef(object, Middle.fields.second, make(2));
    heap.stealRef(object, Middle.fields.third, make(3));
    heap.stealRef(object, Last.fields.fourth, make(4));
    heap.decref(object);
    expect(died).toEqual([4, 2, 3, 1]);
  });

  test("lists and tuples from the last item to the first, mappings in order of insertion", () => {
    const heap = newHeap(build);
    const died: number[] = [];
    const { make } = reporting(heap, died);
    const items = (from: number): Ptr[] => [0, 1, 2].map((i) => make(from + i));
    for (const wrap of [(values: Ptr[]) => heap.list(values), (values: Ptr[]) => heap.tuple(values)]) {
      const values = items(0);
      const object = wrap(values);
      release(heap, ...values);
      expect(died.splice(0)).toEqual([]);
      heap.decref(object);
      expect(died.splice(0)).toEqual([2, 1, 0]);
    }
    const dict = heap.dict();
    for (const [name, id] of [
      ["z", 0],
      ["a", 1],
      ["m", 2],
    ] as const) {
      const [key, value] = [heap.str(name), make(id)];
      heap.dicts.set(dict, key, value);
      release(heap, key, value);
    }
    // A key that is deleted and set again goes to the end.
    const [a, value] = [heap.str("a"), make(3)];
    heap.dicts.delete(dict, a);
    heap.dicts.set(dict, a, value);
    release(heap, a, value);
    expect(died.splice(0)).toEqual([1]);
    heap.decref(dict);
    expect(died).toEqual([0, 2, 3]);
  });

  test("a key before its value", () => {
    const heap = newHeap(build);
    const died: number[] = [];
    const { make } = reporting(heap, died);
    const dict = heap.dict();
    for (let i = 0; i < 6; i += 2) {
      // Records are keys by identity.
      const [key, value] = [make(i), make(i + 1)];
      heap.dicts.set(dict, key, value);
      release(heap, key, value);
    }
    heap.decref(dict);
    expect(died).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("random structures, against plain recursion", () => {
    const seed = seedOf("order of destruction");
    const random = randomFrom(seed);
    const below = (n: number): number => Math.floor(random() * n);
    for (let round = 0; round < 60; round++) {
      const heap = newHeap(build);
      const died: number[] = [];
      const { Node, make } = reporting(heap, died);
      const slots = [Node.fields.a, Node.fields.b, Node.fields.c];
      // Edges lead to later nodes only, so there are no cycles. Each node holds up to three references, directly or
      // in a list or tuple in its field a.
      const count = 2 + below(60);
      const nodes = Array.from({ length: count }, (_, id) => make(id));
      const holders = new Array<number>(count).fill(1);
      const children: number[][] = [];
      for (let id = 0; id < count; id++) {
        const later = count - id - 1;
        const targets = later === 0 ? [] : Array.from({ length: below(4) }, () => id + 1 + below(later));
        for (const target of targets) holders[target]!++;
        const shape = below(3);
        if (shape === 0) targets.forEach((target, k) => heap.setRef(nodes[id]!, slots[k]!, nodes[target]!));
        else {
          const items = targets.map((target) => nodes[target]!);
          heap.stealRef(nodes[id]!, Node.fields.a, shape === 1 ? heap.list(items) : heap.tuple(items));
        }
        children.push(shape === 0 ? targets : [...targets].reverse());
      }
      const expected: number[] = [];
      const drop = (id: number): void => {
        if (--holders[id]! > 0) return;
        expected.push(id);
        children[id]!.forEach(drop);
      };
      const order = nodes.map((_, id) => id).sort(() => random() - 0.5);
      for (const id of order) {
        drop(id);
        heap.decref(nodes[id]!);
        expect(died).toEqual(expected);
      }
      expect(died.length).toBe(count);
      heap.verify();
      heap.dispose();
    }
  });
});

describe.each(builds)("finalizers in the middle of a deep death, $name core", (build) => {
  const LENGTH = many(build === releaseBuild ? 1_000_000 : 50_000);
  const EVERY = LENGTH / 1000;

  /** A chain whose every EVERY-th link, from the first on, has a finalizer. Returns its head. */
  function chain(heap: Heap, finalize: (self: Ptr, id: number) => void) {
    const Link = heap.defineType({ name: "Link", fields: { next: "ref", id: "i32" }, weakrefs: true });
    const { next, id } = Link.fields;
    const Loud = heap.defineType({
      name: "Loud",
      fields: {},
      extends: Link,
      finalize: (self: Ptr) => finalize(self, heap.getI32(self, id)),
    });
    const build = (length = LENGTH): Ptr => {
      let head = NULL;
      for (let i = length - 1; i >= 0; i--) {
        const link = heap.alloc(i % EVERY === 0 ? Loud : Link);
        heap.setI32(link, id, i);
        if (head !== NULL) heap.stealRef(link, next, head);
        head = link;
      }
      return head;
    };
    return { Link, build };
  }

  test("that allocate and free", () => {
    const heap = newHeap(build);
    let finalized = 0;
    const kept: Ptr[] = [];
    const { Link, build: make } = chain(heap, (_self, id) => {
      expect(id).toBe(finalized++ * EVERY);
      for (let i = 0; i < 20; i++) {
        const object = heap.alloc(Link);
        if (i % 5 === 0) kept.push(object);
        else heap.decref(object);
        heap.free(heap.malloc(1 + ((i * 97) % 600)));
      }
      while (kept.length > 10) heap.decref(kept.shift()!);
      heap.decref(heap.list([heap.none, heap.true]));
    });
    heap.decref(make());
    expect(finalized).toBe(1000);
    release(heap, ...kept);
  });

  test("that resurrect: what was before is dead, what comes behind lives", () => {
    const heap = newHeap(build);
    const rescued: Ptr[] = [];
    const { Link, build: make } = chain(heap, (self, id) => {
      if (id !== LENGTH / 2) return;
      heap.incref(self);
      rescued.push(self);
    });
    const head = make();
    const first = heap.weakref(head);
    heap.decref(head);
    expect(heap.deref(first)).toBe(NULL);
    expect(rescued.length).toBe(1);
    heap.verify();
    let length = 0;
    for (let at = rescued[0]!; at !== NULL; at = heap.getRef(at, Link.fields.next)) length++;
    expect(length).toBe(LENGTH / 2);
    heap.decref(rescued[0]!);
    expect(rescued.length).toBe(1);
    heap.decref(first);
  });

  test("that resurrect at every level, one after the other", () => {
    const heap = newHeap(build);
    const rescued: Ptr[] = [];
    const { build: make } = chain(heap, (self) => {
      heap.incref(self);
      rescued.push(self);
    });
    rescued.push(make());
    let deaths = 0;
    while (rescued.length > 0) {
      heap.decref(rescued.pop()!);
      deaths++;
    }
    // Each is finalized once: its second death goes on to the next.
    expect(deaths).toBe(1001);
  });

  test("that start another deep death", () => {
    const heap = newHeap(build);
    const others: Ptr[] = [];
    const { build: make } = chain(heap, () => {
      const other = others.pop();
      if (other !== undefined) heap.decref(other);
    });
    for (let i = 0; i < 5; i++) others.push(make(LENGTH / 10));
    heap.decref(make());
    expect(others).toEqual([]);
  });

  test("that store into the dying object", () => {
    const heap = newHeap(build);
    let length = LENGTH;
    const { Link, build: make } = chain(heap, (self, id) => {
      // Longer at the first links, cut off in the middle.
      if (id === 0) heap.setRef(self, Link.fields.next, heap.getRef(self, Link.fields.next));
      if (id === LENGTH / 2) heap.setRef(self, Link.fields.next, NULL);
      length -= EVERY;
    });
    heap.decref(make());
    expect(length).toBe(0);
  });

  test("that collect", () => {
    const heap = manualHeap(build);
    let found = 0;
    const { Link, build: make } = chain(heap, (_self, id) => {
      if (id % (100 * EVERY) !== 0) return;
      const loop = heap.alloc(Link);
      heap.setRef(loop, Link.fields.next, loop);
      heap.decref(loop);
      found += heap.gc();
    });
    heap.decref(make());
    expect(found).toBe(10);
  });

  test("in a ring that the collector frees", () => {
    const heap = manualHeap(build);
    let finalized = 0;
    const { Link, build: make } = chain(heap, () => finalized++);
    const head = make();
    let last = head;
    for (let at = head; at !== NULL; at = heap.getRef(at, Link.fields.next)) last = at;
    heap.stealRef(last, Link.fields.next, head);
    expect(heap.gc()).toBe(LENGTH);
    expect(finalized).toBe(1000);
  });
});
