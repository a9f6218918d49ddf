import { describe, expect, test } from "vitest";
import type { Heap, HeapOptions, Ptr } from "../../../bindings/index.js";
import { builds, expectRefused } from "../../support/cores.js";
import { NULL, isAlive, manualHeap, newHeap, release } from "../../support/objects.js";

// The numbers are those of docs/objects.md, "Weak references", which also lists those without a test.

function nodeType(heap: Heap, finalize?: (self: Ptr) => void) {
  return heap.defineType({
    name: "Node",
    fields: { next: "ref", other: "ref", id: "i32" },
    weakrefs: true,
    ...(finalize && { finalize }),
  });
}

describe.each(builds)("weak references, $name core", (build) => {
  /** A heap, a record type and one record. */
  function setUp(options?: HeapOptions) {
    const heap = newHeap(build, options);
    const Node = nodeType(heap);
    return { heap, Node, object: heap.alloc(Node) };
  }

  test("W1: a reference to a live object gives the object, to a dead one nothing", () => {
    const { heap, object } = setUp();
    const weak = heap.weakref(object);
    expect(heap.refcount(object)).toBe(1);
    expect(heap.deref(weak)).toBe(object);
    expect(heap.refcount(object)).toBe(2);
    release(heap, object, object);
    expect(heap.deref(weak)).toBe(NULL);
    heap.decref(weak);
  });

  test("W2: the callback runs once, with the dead reference", () => {
    const { heap, object } = setUp();
    const seen: Ptr[] = [];
    const weak = heap.weakref(object, (dead) => {
      seen.push(dead);
      expect(heap.deref(dead)).toBe(NULL);
    });
    heap.decref(object);
    expect(seen).toEqual([weak]);
    heap.decref(weak);
    expect(seen).toEqual([weak]);
  });

  test("a weak reference whose callback drops it runs what the host registered for it, once its referent is gone", () => {
    const { heap, Node, object } = setUp();
    const order: string[] = [];
    const weak = heap.weakref(object, (dead) => {
      heap.decref(dead);
      order.push("callback");
    });
    heap.finalize(weak, () => order.push("weak reference"));
    heap.finalize(object, () => order.push("referent"));
    heap.decref(object);
    expect(order).toEqual(["callback", "referent", "weak reference"]);
    expect(heap.collector.objects()).toEqual([]);
    // The same of trash.
    const cycle = heap.alloc(Node);
    heap.setRef(cycle, Node.fields.next, cycle);
    heap.finalize(
      heap.weakref(cycle, (dead) => heap.decref(dead)),
      () => order.push("of trash"),
    );
    heap.decref(cycle);
    heap.gc();
    expect(order.at(-1)).toBe("of trash");
  });

  test("W3: several callbacks run newest first, each once", () => {
    const { heap, object } = setUp();
    const order: number[] = [];
    const weaks = [0, 1, 2, 3, 4].map((i) => heap.weakref(object, () => order.push(i)));
    expect(new Set(weaks).size).toBe(5);
    heap.decref(object);
    expect(order).toEqual([4, 3, 2, 1, 0]);
    release(heap, ...weaks);
    expect(order.length).toBe(5);
  });

  test("a weak reference whose death deeply nested finalizers put off does not call back", () => {
    const { heap, object } = setUp();
    let calls = 0;
    let depth = 0;
    const weak = heap.weakref(object, () => calls++);
    // The 51st finalizer is deeper than 50: what it drops dies when the outermost one is done, the last one first.
    const Nest = nodeType(heap, () => {
      if (++depth <= 50) heap.decref(heap.alloc(Nest));
      else release(heap, weak, object);
    });
    heap.decref(heap.alloc(Nest));
    expect(depth).toBe(51);
    expect(calls).toBe(0);
    heap.verify();
    heap.dispose();
  });

  test("W4: within a callback all references to the object are dead", () => {
    const { heap, object } = setUp();
    const results: Ptr[] = [];
    const weaks: Ptr[] = [];
    const check = (): void => void results.push(...weaks.map((weak) => heap.deref(weak)));
    weaks.push(heap.weakref(object), heap.weakref(object, check), heap.weakref(object, check));
    heap.decref(object);
    expect(results).toEqual(new Array(6).fill(NULL));
    release(heap, ...weaks);
  });

  test("W6, W8: references without callback are one object, however it is asked for", () => {
    const { heap, object } = setUp();
    const first = heap.weakref(object);
    const second = heap.weakref(object, undefined);
    const withCallback = heap.weakref(object, () => {});
    const third = heap.weakref(object);
    expect([second, third]).toEqual([first, first]);
    expect(withCallback).not.toBe(first);
    expect(heap.refcount(first)).toBe(3);
    release(heap, first, first);
    expect(heap.refcount(first)).toBe(1);
    expect(heap.deref(first)).toBe(object);
    release(heap, first, object, object, withCallback);
  });

  test("W6: after the shared reference has died, the next one is new and works", () => {
    const { heap, object } = setUp();
    heap.decref(heap.weakref(object));
    const again = heap.weakref(object);
    expect(heap.refcount(again)).toBe(1);
    release(heap, object);
    expect(heap.deref(again)).toBe(NULL);
    heap.decref(again);
  });

  test("a reference that dies first never calls back", () => {
    const { heap, object } = setUp();
    const order: number[] = [];
    const weaks = [0, 1, 2].map((i) => heap.weakref(object, () => order.push(i)));
    heap.decref(weaks[1]!);
    heap.decref(object);
    expect(order).toEqual([2, 0]);
    release(heap, weaks[0]!, weaks[2]!);
  });

  test("dropping a reference from within a callback does not take back the callback that is due", () => {
    const { heap, object } = setUp();
    const order: number[] = [];
    const weaks: Ptr[] = [];
    weaks.push(heap.weakref(object, () => order.push(0)));
    weaks.push(heap.weakref(object, () => order.push(1)));
    weaks.push(
      heap.weakref(object, () => {
        order.push(2);
        heap.decref(weaks[1]!);
      }),
    );
    heap.decref(object);
    expect(order).toEqual([2, 1, 0]);
    release(heap, weaks[0]!, weaks[2]!);
  });

  test("W14: callbacks run while an exception is on its way, which survives what they throw", () => {
    const unraisable: unknown[] = [];
    const { heap, object } = setUp({ onUnraisable: (error) => unraisable.push(error) });
    const inner = new Error("inner");
    const weak = heap.weakref(object, () => {
      throw inner;
    });
    expect(() => {
      try {
        throw new Error("outer");
      } finally {
        heap.decref(object);
      }
    }).toThrow("outer");
    expect(unraisable.map((error) => error === inner || (error as Error).cause === inner)).toEqual([true]);
    heap.decref(weak);
  });

  test("W21: references that the finalizer makes to its own object are dead afterwards", () => {
    const heap = newHeap(build);
    const made: Ptr[] = [];
    let calls = 0;
    const Node = nodeType(heap, (self) => {
      made.push(
        heap.weakref(self),
        heap.weakref(self, () => calls++),
      );
    });
    heap.decref(heap.alloc(Node));
    expect(made.map((weak) => heap.deref(weak))).toEqual([NULL, NULL]);
    // They were there when the object went on to die, so the callback runs.
    expect(calls).toBe(1);
    release(heap, ...made);
  });

  test("W26: callbacks within a deep death never see an object without references", () => {
    const { heap, Node, object: root } = setUp();
    const weaks: Ptr[] = [];
    let live = 0;
    const lookAround = (): void => {
      for (const weak of weaks) {
        const referent = heap.deref(weak);
        if (referent === NULL) continue;
        live++;
        expect(heap.refcount(referent)).toBeGreaterThanOrEqual(2);
        heap.decref(referent);
      }
    };
    let last = root;
    for (let depth = 0; depth < 100; depth++) {
      weaks.push(heap.weakref(last, lookAround));
      const child = heap.alloc(Node);
      heap.stealRef(last, Node.fields.next, child);
      last = child;
    }
    heap.decref(root);
    // Each callback sees those further down the chain.
    expect(live).toBe((100 * 99) / 2);
    expect(weaks.filter((weak) => isAlive(heap, weak))).toEqual([]);
    release(heap, ...weaks);
  });

  test("W29: with memory exhausted, fifty references are cleared and nothing is thrown", () => {
    const { heap, object } = setUp({ maxBytes: 2 ** 20 });
    const order: number[] = [];
    const weaks = Array.from({ length: 50 }, (_, i) => heap.weakref(object, () => order.push(i)));
    const blocks: Ptr[] = [];
    for (const size of [100_000, 4096, 512, 64, 16]) {
      try {
        for (;;) blocks.push(heap.malloc(size));
      } catch (error) {
        expect(error).toMatchObject({ code: "ERR_HEAP_OOM" });
      }
    }
    heap.decref(object);
    expect(weaks.map((weak) => heap.deref(weak))).toEqual(new Array(50).fill(NULL));
    expect(order).toEqual(weaks.map((_, i) => 49 - i));
    for (const block of blocks) heap.free(block);
    release(heap, ...weaks);
  });

  test("a type without weakrefs, and no object at all, are refused", () => {
    const heap = newHeap(build);
    const plain = heap.alloc(heap.defineType({ name: "Plain", fields: { x: "i32" } }));
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.weakref(plain));
    expect(heap.refcount(plain)).toBe(1);
    heap.decref(plain);
  });

  describe("and the collector", () => {
    /** An object that refers to itself, and nothing else to it after the caller's reference. */
    function selfCycle(heap: Heap, Node: ReturnType<typeof nodeType>): Ptr {
      const object = heap.alloc(Node);
      heap.setRef(object, Node.fields.next, object);
      return object;
    }

    test("W15: a callback that collects while its referent dies by count", () => {
      const { heap, Node, object } = setUp({ autoCollect: false });
      heap.decref(selfCycle(heap, Node));
      const cargo = heap.alloc(Node);
      heap.stealRef(object, Node.fields.next, cargo);
      const found: number[] = [];
      const weak = heap.weakref(object, () => found.push(heap.gc()));
      heap.decref(object);
      expect(found).toEqual([1]);
      heap.verify();
      heap.decref(weak);
    });

    test("W16, W17: no callback of a weak reference that is trash itself", () => {
      const { heap, Node, object: target } = setUp();
      let calls = 0;
      const holder = selfCycle(heap, Node);
      heap.stealRef(
        holder,
        Node.fields.other,
        heap.weakref(target, () => calls++),
      );
      heap.setRef(target, Node.fields.next, target);
      // Holder and target are trash, neither reaches the other but through the weak reference.
      release(heap, holder, target);
      expect(heap.gc()).toBe(3);
      expect(calls).toBe(0);
    });

    test("W18: of a trash pair that watches itself only the outside reference calls back, once", () => {
      const { heap, Node, object: a } = setUp();
      const order: string[] = [];
      const resurrected: Ptr[] = [];
      const b = heap.alloc(Node);
      const rescue = (name: string) => (dead: Ptr) => {
        order.push(name);
        resurrected.push(heap.deref(dead));
      };
      heap.setRef(a, Node.fields.next, b);
      heap.setRef(b, Node.fields.next, a);
      heap.stealRef(a, Node.fields.other, heap.weakref(b, rescue("a's")));
      heap.stealRef(b, Node.fields.other, heap.weakref(a, rescue("b's")));
      const outside = heap.weakref(a, rescue("outside"));
      release(heap, a, b);
      expect(heap.gc()).toBe(4);
      expect(order).toEqual(["outside"]);
      expect(resurrected).toEqual([NULL]);
      heap.decref(outside);
    });

    test("W20: automatic collections while weak references are made", () => {
      const { heap, Node, object } = setUp({ thresholds: [1, 1, 1] });
      const weaks: Ptr[] = [];
      for (let i = 0; i < 200; i++) {
        heap.decref(selfCycle(heap, Node));
        weaks.push(i % 2 === 0 ? heap.weakref(object) : heap.weakref(object, () => {}));
        if (i % 7 === 0) heap.verify();
      }
      expect(weaks.every((weak) => isAlive(heap, weak))).toBe(true);
      heap.decref(object);
      expect(weaks.some((weak) => isAlive(heap, weak))).toBe(false);
      release(heap, ...weaks);
      heap.gc();
    });

    test("W28: a callback that collects, of a referent with a finalizer", () => {
      const heap = newHeap(build);
      let finalized = 0;
      const Node = nodeType(heap, () => finalized++);
      const objects = [heap.alloc(Node), selfCycle(heap, Node)];
      const weaks = objects.map((object) => heap.weakref(object, () => heap.gc()));
      release(heap, ...objects);
      heap.gc();
      expect(finalized).toBe(2);
      heap.verify();
      release(heap, ...weaks);
    });

    describe("old objects that young trash alone held die after it", () => {
      /** Finds young trash that alone held `old`. Their deaths take place in reverse order. */
      function dropLast(heap: Heap, Node: ReturnType<typeof nodeType>, old: Ptr[]): void {
        heap.gc();
        const held = heap.tuple(old);
        const trash = selfCycle(heap, Node);
        heap.setRef(trash, Node.fields.other, held);
        release(heap, held, trash, ...old);
        expect(heap.gc(0)).toBe(2);
        heap.verify();
      }

      test("a weak reference that waits for its death does not call back", () => {
        const { heap, Node, object } = setUp({ autoCollect: false });
        let calls = 0;
        const weak = heap.weakref(object, () => calls++);
        dropLast(heap, Node, [weak, object]);
        expect(calls).toBe(0);
        heap.dispose();
      });

      test("nor is it what a new one to the same object shares", () => {
        const heap = manualHeap(build);
        const weaks: Ptr[] = [];
        const Loud = nodeType(heap, () => weaks.push(heap.weakref(target)));
        const Node = nodeType(heap);
        const target = heap.alloc(Node);
        dropLast(heap, Node, [heap.weakref(target), heap.alloc(Loud)]);
        expect(weaks.length).toBe(1);
        expect(isAlive(heap, weaks[0]!)).toBe(true);
        heap.verify();
        release(heap, target, ...weaks);
        heap.dispose();
      });

      test("nor is an interned string found again that waits for its death", () => {
        const heap = manualHeap(build);
        const found: Ptr[] = [];
        const Loud = nodeType(heap, () => found.push(heap.intern("waiting")));
        dropLast(heap, nodeType(heap), [heap.intern("waiting"), heap.alloc(Loud)]);
        expect(found.map((str) => heap.toJS(str))).toEqual(["waiting"]);
        heap.verify();
        release(heap, ...found);
        heap.dispose();
      });
    });
  });
});
