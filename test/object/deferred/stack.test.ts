import { describe, expect, test } from "vitest";
import type { Ptr, ValueStack } from "../../../bindings/index.js";
import { objectLayerOf } from "../../../bindings/heap/record-heap.js";
import { refused } from "../../support/bad-input.js";
import { builds } from "../../support/cores.js";
import { NULL, manualHeap, newHeap, release, watchDeaths } from "../../support/objects.js";
import { stress } from "../../../bindings/testing.js";

describe.each(builds)("deferred counting, $name core", (build) => {
  const setUp = (slots = 100) => {
    const heap = manualHeap(build);
    const stack = heap.stack({ slots });
    const { died, watched } = watchDeaths(heap);
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref", other: "ref", id: "i32" },
      weakrefs: true,
      finalize: (self) => void died.push(heap.getI32(self, Node.fields.id)),
    });
    const node = (id: number): Ptr => {
      const p = heap.alloc(Node);
      heap.setI32(p, Node.fields.id, id);
      return p;
    };
    return { heap, stack, died, watched, Node, node };
  };

  test("what lies on the stack lives, and dies at the first reclaim after it is gone", () => {
    const { heap, stack, died, watched } = setUp();
    stack.adopt(watched(1));
    expect([stack.length, heap.refcount(stack.top()), heap.reclaim()]).toEqual([1, 1, 0]);
    heap.verify();
    expect(died).toEqual([]);
    const p = stack.pop();
    expect(died).toEqual([]);
    expect(heap.typeOf(p).name).toBe("Watched");
    expect(heap.reclaim()).toBe(1);
    expect(died).toEqual([1]);
    refused(heap, "ERR_HEAP_USE_AFTER_FREE", () => stack.push(p));
  });

  test("a reference that is stored lives on without the stack", () => {
    const { heap, stack, died, node, Node } = setUp();
    const owner = node(1);
    stack.adopt(node(2));
    heap.setRef(owner, Node.fields.next, stack.top());
    stack.pop();
    expect(heap.reclaim()).toBe(0);
    expect(heap.refcount(heap.getRef(owner, Node.fields.next))).toBe(1);
    stack.push(heap.getRef(owner, Node.fields.next));
    heap.setRef(owner, Node.fields.next, null);
    heap.reclaim();
    expect(died).toEqual([]);
    stack.length = 0;
    heap.reclaim();
    expect(died).toEqual([2]);
    heap.decref(owner);
    expect(died).toEqual([2]);
    heap.reclaim();
    expect(died).toEqual([2, 1]);
  });

  test("the death of an owner spares what lies on the stack", () => {
    const { heap, stack, died, node, Node } = setUp();
    const [a, b, c] = [node(1), node(2), node(3)];
    heap.stealRef(a, Node.fields.next, b);
    heap.stealRef(b, Node.fields.next, c);
    stack.push(b);
    heap.decref(a);
    expect(heap.reclaim()).toBe(1);
    expect(died).toEqual([1]);
    heap.verify();
    expect(heap.refcount(b)).toBe(1);
    stack.pop();
    heap.reclaim();
    expect(died).toEqual([1, 2, 3]);
  });

  test("order of death is that of the releases, depth first", () => {
    const { heap, stack, died, node, Node } = setUp();
    stack.push(NULL);
    const [a, b, c, d] = [node(1), node(2), node(3), node(4)];
    heap.stealRef(a, Node.fields.next, b);
    heap.stealRef(a, Node.fields.other, c);
    release(heap, d, a);
    heap.reclaim();
    expect(died).toEqual([4, 1, 2, 3]);
  });

  test("numbers, strs and lists too", () => {
    const { heap, stack } = setUp();
    const values = [1000, 0.5, "text", [1000, 2.5], null, true];
    for (const value of values) stack.adopt(heap.fromJS(value));
    heap.reclaim();
    heap.verify();
    expect([0, 1, 2, 3, 4, 5].map((i) => heap.toJS(stack.get(i)))).toEqual(values);
    stack.length = 0;
    expect(heap.reclaim()).toBe(4);
  });

  test("a collection takes stacks for roots, and lets die first what was due", () => {
    const { heap, stack, died, node, Node } = setUp();
    const [a, b] = [node(1), node(2)];
    heap.setRef(a, Node.fields.next, b);
    heap.setRef(b, Node.fields.next, a);
    stack.adopt(a);
    heap.decref(b);
    stack.adopt(node(3));
    stack.pop();
    expect(heap.gc()).toBe(0);
    expect(died).toEqual([3]);
    heap.verify();
    stack.pop();
    expect(heap.gc()).toBe(2);
    expect(died.slice(1).sort()).toEqual([1, 2]);
  });

  test("automatic collections and reclaims while a program runs", () => {
    const heap = newHeap(build, { thresholds: [50, 2, 2] });
    const Pair = heap.defineType({ name: "Pair", fields: { car: "ref", cdr: "ref" } });
    const stack = heap.stack({ slots: 64 });
    stack.push(NULL);
    for (let i = 0; i < 20_000; i++) {
      stack.adopt(heap.alloc(Pair));
      heap.stealRef(stack.top(), Pair.fields.car, heap.int(i + 1000));
      heap.setRef(stack.top(), Pair.fields.cdr, i % 10 === 9 ? NULL : stack.top(1));
      stack.set(stack.length - 2, stack.pop());
    }
    let length = 0;
    for (let p = stack.top(); p !== NULL; p = heap.getRef(p, Pair.fields.cdr))
      expect(heap.intValue(heap.getRef(p, Pair.fields.car))).toBe(1000 + 19_999 - length++);
    expect(length).toBe(1);
    heap.verify();
    stack.dispose();
    heap.reclaim();
  });

  test("a full table is reclaimed by itself", () => {
    const { heap, stack, died, watched } = setUp();
    stack.push(NULL);
    for (let i = 0; i < 10_000; i++) heap.decref(watched(i));
    expect(died.length).toBeGreaterThan(1000);
    heap.reclaim();
    expect(died).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  test("many references that one call releases", () => {
    const { heap, stack, died, watched } = setUp();
    stack.push(NULL);
    const items = Array.from({ length: 20_000 }, (_, i) => watched(i));
    const list = heap.list(items);
    release(heap, ...items);
    stack.push(heap.lists.get(list, 7));
    heap.lists.delete(list, 0, 20_000);
    heap.reclaim();
    expect(died.length).toBe(19_999);
    expect(died).not.toContain(7);
    heap.decref(list);
    stack.pop();
  });

  test("finalizers that use the stack", () => {
    const heap = manualHeap(build);
    const stack = heap.stack({ slots: 10 });
    let kept = NULL;
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref", id: "i32" },
      weakrefs: true,
      finalize: (self) => {
        const id = heap.getI32(self, Node.fields.id);
        // What it takes out of itself is on the stack only, and survives its death.
        if (id === 1) {
          stack.push(heap.getRef(self, Node.fields.next));
          heap.setRef(self, Node.fields.next, null);
          heap.reclaim();
        }
        // It resurrects itself on the stack.
        if (id === 2) stack.push(self);
        if (id === 3) heap.gc();
        kept = stack.length > 0 ? stack.top() : NULL;
      },
    });
    const node = (id: number, next?: Ptr): Ptr => {
      const p = heap.alloc(Node);
      heap.setI32(p, Node.fields.id, id);
      if (next !== undefined) heap.stealRef(p, Node.fields.next, next);
      return p;
    };
    heap.decref(node(1, node(0)));
    heap.reclaim();
    expect(heap.getI32(kept, Node.fields.id)).toBe(0);
    heap.verify();
    heap.decref(node(4, node(2, node(3))));
    heap.reclaim();
    expect(stack.length).toBe(2);
    expect(heap.getI32(stack.top(), Node.fields.id)).toBe(2);
    heap.verify();
    stack.length = 0;
    heap.reclaim();
    heap.verify();
  });

  test("weak references die when their referents do, and their callbacks run then", () => {
    const { heap, stack, node } = setUp();
    const calls: number[] = [];
    const p = node(1);
    const weak = heap.weakref(p, (w) => {
      calls.push(1);
      stack.push(w);
    });
    stack.adopt(p);
    expect(heap.deref(weak)).toBe(p);
    heap.decref(p);
    stack.pop();
    expect(calls).toEqual([]);
    heap.decref(weak);
    heap.incref(weak);
    heap.reclaim();
    expect(calls).toEqual([1]);
    heap.verify();
    expect(heap.typeOf(stack.top()).name).toBe("weakref");
    heap.decref(weak);
    heap.reclaim();
    heap.verify();
    stack.pop();
  });

  test("several stacks, some of which end", () => {
    const { heap, died, watched } = setUp();
    const stacks = [1, 2, 3].map(() => heap.stack({ slots: 4 }));
    stacks.forEach((stack, i) => stack.adopt(watched(i)));
    const again = stacks[0]!.top();
    stacks[2]!.push(again);
    stacks[0]!.dispose();
    stacks[0]!.dispose();
    heap.reclaim();
    expect(died).toEqual([]);
    stacks[1]![Symbol.dispose]();
    heap.reclaim();
    expect(died).toEqual([1]);
    stacks[2]!.dispose();
    heap.reclaim();
    expect(died.sort()).toEqual([0, 1, 2]);
    for (const use of [
      (s: ValueStack) => s.push(NULL),
      (s: ValueStack) => s.pop(),
      (s: ValueStack) => s.top(),
      (s: ValueStack) => s.length,
      (s: ValueStack) => s.get(0),
    ])
      refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => use(stacks[0]!));
  });

  test("overflow, underflow and bad arguments", () => {
    const { heap } = setUp();
    for (const slots of [0, -1, 0.5, 2 ** 24 + 1, undefined, "4"])
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.stack({ slots: slots as number }));
    refused(heap, "ERR_HEAP_ARGUMENT", () => heap.stack(undefined as never));
    const stack = heap.stack({ slots: 2 });
    refused(heap, "ERR_HEAP_RANGE", () => stack.pop());
    refused(heap, "ERR_HEAP_RANGE", () => stack.top());
    const value = heap.str("value");
    stack.push(value);
    stack.push(null);
    refused(heap, "ERR_HEAP_RANGE", () => stack.push(value));
    refused(heap, "ERR_HEAP_RANGE", () => stack.adopt(value));
    expect(heap.refcount(value)).toBe(1);
    refused(heap, "ERR_HEAP_RANGE", () => stack.top(2));
    refused(heap, ["ERR_HEAP_RANGE", "ERR_HEAP_ARGUMENT"], () => stack.top(0.5));
    refused(heap, "ERR_HEAP_RANGE", () => stack.get(2));
    refused(heap, "ERR_HEAP_RANGE", () => stack.set(-1, value));
    refused(heap, "ERR_HEAP_RANGE", () => (stack.length = 3));
    expect(stack.length).toBe(2);
    stack.length = 0;
    refused(heap, "ERR_HEAP_BAD_POINTER", () => stack.push((value + 4) as Ptr));
    refused(heap, "ERR_HEAP_BAD_POINTER", () => stack.push(8 as Ptr));
    refused(heap, "ERR_HEAP_ARGUMENT", () => stack.push("x" as never));
    expect(stack.length).toBe(0);
    const handle = heap.own(value);
    stack.push(handle);
    expect(stack.adopt(handle)).toBe(value);
    expect(handle.disposed).toBe(true);
    heap.reclaim();
    expect(heap.toJS(stack.top())).toBe("value");
    stack.length = 0;
  });

  test("a word of a stack that is no object is found, and nothing dies by it", () => {
    const { heap, stack } = setUp();
    const p = heap.str("dead");
    stack.push(NULL);
    for (const word of [8, p + 4, 0xffff_fff0, 5]) {
      heap.views.u32[stack.firstIndex] = word;
      refusedUnsound(() => heap.reclaim());
      expect(() => heap.verify()).toThrow();
      heap.views.u32[stack.firstIndex] = 0;
      heap.verify();
    }
    heap.views.u32[stack.lengthIndex] = 1000;
    expect(() => heap.verify()).toThrow();
    heap.views.u32[stack.lengthIndex] = 0;
    heap.decref(p);
    function refusedUnsound(action: () => unknown): void {
      expect(action).toThrow(expect.objectContaining({ name: "HeapError" }));
    }
  });

  test("what is released too often is found at the reclaim", () => {
    const { heap, stack } = setUp();
    const [a, b] = [heap.str("over-released"), heap.str("kept")];
    stack.push(b);
    release(heap, a, a, b);
    refused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.reclaim());
    heap.verify();
    expect(heap.toJS(stack.top())).toBe("kept");
    heap.reclaim();
    refused(heap, "ERR_HEAP_USE_AFTER_FREE", () => heap.toJS(a));
    stack.pop();
  });

  test("raw words are the stack's", () => {
    const { heap, stack, died, watched } = setUp();
    const p = watched(1);
    const words = heap.views.u32;
    words[stack.firstIndex + words[stack.lengthIndex]!] = p;
    words[stack.lengthIndex]! += 1;
    heap.decref(p);
    heap.reclaim();
    expect([stack.length, stack.top(), died]).toEqual([1, p, []]);
    words[stack.lengthIndex] = 0;
    heap.reclaim();
    expect(died).toEqual([1]);
  });

  test("a reset ends stacks, and counting is at once again", () => {
    const { heap, stack, died, watched } = setUp();
    stack.adopt(watched(1));
    heap.reset();
    expect(stack.disposed).toBe(true);
    refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => stack.push(NULL));
    heap.decref(watched(2));
    expect(died).toEqual([2]);
    const again = heap.stack({ slots: 4 });
    again.adopt(watched(3));
    heap.verify();
    again.dispose();
  });

  test("under stress and while memory moves", () => {
    const heap = newHeap(build);
    stress(heap, 1);
    const stack = heap.stack({ slots: 32 });
    for (let i = 0; i < 20; i++) stack.adopt(heap.fromJS([i + 1000, `item ${i}`]));
    heap.trim();
    heap.free(heap.malloc(8 * 2 ** 20));
    for (let i = 19; i >= 0; i--) expect(heap.toJS(stack.pop())).toEqual([i + 1000, `item ${i}`]);
    heap.reclaim();
  });

  test("a heap without stacks has nothing to reclaim, and lets die at once", () => {
    const heap = newHeap(build);
    const { died, watched } = watchDeaths(heap);
    heap.decref(watched(1));
    expect(died).toEqual([1]);
    expect(heap.reclaim()).toBe(0);
    expect(objectLayerOf(heap).references.isDeferring).toBe(false);
  });

  test("no memory for a stack", () => {
    const heap = manualHeap(build, { maxBytes: 2 ** 20, initialBytes: 2 ** 20 });
    refused(heap, "ERR_HEAP_OOM", () => heap.stack({ slots: 2 ** 20 }));
    const stack = heap.stack({ slots: 100 });
    stack.adopt(heap.str("text"));
    heap.reclaim();
    expect(heap.toJS(stack.pop())).toBe("text");
  });
});

test.each(builds)("an image has no stacks, and tagged ints if its heap had, $name core", (build) => {
  const heap = manualHeap(build, { taggedInts: true });
  const stack = heap.stack({ slots: 4 });
  const kept = heap.list([heap.int(7)]);
  stack.adopt(heap.str("on the stack only"));
  stack.push(kept);
  const clone = heap.clone();
  clone.reclaim();
  expect(clone.toJS(kept)).toEqual([7]);
  expect(clone.intValue(clone.int(5))).toBe(5);
  clone.verify();
  refused(clone, "ERR_HEAP_USE_AFTER_FREE", () => clone.toJS(stack.top(1)));
  clone.decref(kept);
  clone.dispose();
  expect(heap.toJS(stack.top(1))).toBe("on the stack only");
  stack.dispose();
  heap.decref(kept);
});
