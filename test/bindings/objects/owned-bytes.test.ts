import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { refused } from "../../support/bad-input.js";
import { MIB, builds, errorOf } from "../../support/cores.js";
import { NULL, manualHeap, newHeap, release } from "../../support/objects.js";
import { STRESS } from "../../support/stress.js";

describe.each(builds)("bytes that objects own, $name core", (build) => {
  function owners(heap: Heap) {
    return heap.defineType({ name: "Owner", fields: { self: "ref", data: "block", more: "block" } });
  }

  /** An owner in a cycle, which only a collection finds. */
  function cycle(heap: Heap, Owner: ReturnType<typeof owners>): Ptr {
    const owner = heap.alloc(Owner);
    heap.setRef(owner, Owner.fields.self, owner);
    return owner;
  }

  describe("fields of the kind block", () => {
    test("are null at first, and free the block with the object", () => {
      const heap = newHeap(build);
      const Owner = owners(heap);
      const owner = heap.alloc(Owner);
      const { data, more } = Owner.fields;
      expect(heap.getBlock(owner, data)).toBe(NULL);
      for (const size of [1, 100, 5000, MIB]) {
        const block = heap.malloc(size);
        heap.setBlock(owner, data, block);
        expect(heap.getBlock(owner, data)).toBe(block);
        heap.verify();
      }
      heap.setBlock(owner, more, heap.malloc(20));
      heap.decref(owner);
      expect(heap.stats().spans).toBe(0);
    });

    test("setBlock frees the old block, unless it is the same", () => {
      const heap = newHeap(build);
      const Owner = owners(heap);
      const { data } = Owner.fields;
      const owner = heap.alloc(Owner);
      const [first, second] = [heap.malloc(100_000), heap.malloc(100_000)];
      heap.setBlock(owner, data, first);
      heap.setBlock(owner, data, first);
      heap.bytes(first, 100_000).fill(7);
      heap.setBlock(owner, data, second);
      expect(errorOf(() => heap.free(first)).code).toMatch(/BAD_POINTER|DOUBLE_FREE/);
      heap.setBlock(owner, data, null);
      heap.setBlock(owner, data, NULL);
      expect(errorOf(() => heap.free(second)).code).toMatch(/BAD_POINTER|DOUBLE_FREE/);
      heap.decref(owner);
    });

    test("takeBlock gives it back, to be made larger", () => {
      const heap = newHeap(build);
      const Owner = owners(heap);
      const { data } = Owner.fields;
      const owner = heap.alloc(Owner);
      heap.setBlock(owner, data, heap.malloc(16));
      const taken = heap.takeBlock(owner, data);
      expect(heap.getBlock(owner, data)).toBe(NULL);
      expect(heap.takeBlock(owner, data)).toBe(NULL);
      heap.setBlock(owner, data, heap.realloc(taken, 100_000));
      heap.decref(owner);
    });

    test("stand beside references, in derived types and in types with items", () => {
      const heap = newHeap(build);
      const Base = heap.defineType({ name: "Base", fields: { a: "block", b: "ref", c: "block", d: "ref" } });
      const Derived = heap.defineType({ name: "Derived", extends: Base, fields: { e: "block", f: "f64" } });
      const Tail = heap.defineType({ name: "Tail", fields: { a: "block" }, items: "ref" });
      const Leaf = heap.defineType({ name: "Leaf", fields: { a: "block" }, acyclic: true, freeList: 4 });
      for (let round = 0; round < 3; round++) {
        const object = heap.alloc(Derived);
        const leaf = heap.alloc(Leaf);
        const tail = heap.alloc(Tail, 3);
        heap.setBlock(object, Base.fields.a, heap.malloc(10));
        heap.setBlock(object, Derived.fields.c, heap.malloc(20));
        heap.setBlock(object, Derived.fields.e, heap.malloc(30));
        heap.setBlock(leaf, Leaf.fields.a, heap.malloc(40));
        heap.setBlock(tail, Tail.fields.a, heap.malloc(50));
        heap.setRef(object, Base.fields.b, leaf);
        heap.setRef(object, Base.fields.d, tail);
        heap.setItem(tail, 1, object);
        heap.verify();
        release(heap, object, leaf, tail);
        // What is left is a cycle.
        expect(heap.gc()).toBe(2);
      }
    });

    test("die deep in a structure, in a list of many, and behind a finalizer", () => {
      const heap = newHeap(build);
      const Node = heap.defineType({ name: "Node", fields: { next: "ref", data: "block" } });
      let finalized = 0;
      const Final = heap.defineType({
        name: "Final",
        fields: { data: "block" },
        finalize: (self) => {
          finalized += heap.getBlock(self, Final.fields.data) === NULL ? 0 : 1;
        },
      });
      let head = NULL;
      for (let i = 0; i < 2000; i++) {
        const node = heap.alloc(Node);
        heap.setBlock(node, Node.fields.data, heap.malloc(1 + (i % 600)));
        heap.stealRef(node, Node.fields.next, head);
        head = node;
      }
      heap.decref(head);
      const list = heap.list();
      for (let i = 0; i < 100; i++) {
        const object = heap.alloc(Final);
        heap.setBlock(object, Final.fields.data, heap.malloc(70));
        heap.lists.append(list, object);
        heap.decref(object);
      }
      heap.decref(list);
      expect(finalized).toBe(100);
    });

    test("refuse what is no live block, and stay as they are", () => {
      const heap = newHeap(build);
      const Owner = owners(heap);
      const { data } = Owner.fields;
      const owner = heap.alloc(Owner);
      const block = heap.malloc(64);
      heap.setBlock(owner, data, block);
      const freed = heap.malloc(64);
      heap.free(freed);
      const codes = ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_DOUBLE_FREE"] as const;
      for (const wrong of [freed, block + 16, owner, 64, 2 ** 32 - 8]) {
        refused(heap, codes, () => heap.setBlock(owner, data, wrong as Ptr));
      }
      for (const wrong of [-1, 1.5, NaN, "64", undefined, {}, 2 ** 32]) {
        if (wrong === undefined) continue;
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.setBlock(owner, data, wrong as Ptr));
      }
      expect(heap.getBlock(owner, data)).toBe(block);
      const { self } = Owner.fields;
      refused(heap, "ERR_HEAP_TYPE", () => heap.setBlock(owner, self as never, NULL));
      refused(heap, "ERR_HEAP_TYPE", () => heap.getRef(owner, data as never));
      refused(heap, "ERR_HEAP_TYPE", () => heap.getBlock(heap.none, data));
      refused(heap, "ERR_HEAP_ARGUMENT", () => heap.defineType({ name: "X", items: "block" as never }));
      heap.setBlock(owner, data, null);
      heap.decref(owner);
    });

    test("a block that was freed all the same is damage", () => {
      const heap = build.create();
      const Owner = owners(heap);
      const owner = heap.alloc(Owner);
      heap.malloc(64);
      const block = heap.malloc(64);
      heap.setBlock(owner, Owner.fields.data, block);
      heap.free(block);
      expect(errorOf(() => heap.verify())).toMatchObject({ code: "ERR_HEAP_CORRUPT" });
    });

    test("are no leak of blocks while the object lives, and go with a reset and a trim", () => {
      const heap = newHeap(build);
      let report: unknown;
      const other = build.create({ onLeak: (found) => (report = found) });
      const Owner = owners(other);
      const owner = other.alloc(Owner);
      other.setBlock(owner, Owner.fields.data, other.malloc(300));
      other.trim();
      other.setBlock(owner, Owner.fields.more, other.malloc(MIB));
      other.verify();
      other.dispose();
      expect(report).toMatchObject({ blocks: 0, bytes: 0, held: [{ type: "Owner" }] });
      const Second = owners(heap);
      heap.setBlock(heap.alloc(Second), Second.fields.data, heap.malloc(50));
      heap.reset();
      heap.verify();
      const again = heap.alloc(Second);
      expect(heap.getBlock(again, Second.fields.data)).toBe(NULL);
      heap.decref(again);
    });
  });

  describe("pressure", () => {
    /** The most memory in use while cyclic owners of a megabyte each are made. */
    function peakOf(give: (heap: Heap, owner: Ptr, Owner: ReturnType<typeof owners>) => void): number {
      const heap = newHeap(build);
      const Owner = owners(heap);
      let peak = 0;
      for (let i = 0; i < 500; i++) {
        const owner = cycle(heap, Owner);
        give(heap, owner, Owner);
        peak = Math.max(peak, heap.stats().heapUsed);
        heap.decref(owner);
      }
      heap.gc();
      return peak;
    }

    test.skipIf(STRESS > 0)("of blocks in fields", () => {
      const peak = peakOf((heap, owner, { fields }) => heap.setBlock(owner, fields.data, heap.malloc(MIB)));
      expect(peak).toBeLessThan(64 * MIB);
    });

    test.skipIf(STRESS > 0)("of small blocks in fields", () => {
      const peak = peakOf((heap, _, Owner) => {
        for (let i = 0; i < 100; i++) {
          const owner = cycle(heap, Owner);
          heap.setBlock(owner, Owner.fields.data, heap.malloc(16_000));
          heap.decref(owner);
        }
      });
      expect(peak).toBeLessThan(64 * MIB);
    });

    test.skipIf(STRESS > 0)("of blocks that a finalizer frees, told or not", () => {
      for (const told of [false, true]) {
        const heap = newHeap(build);
        const Base = heap.defineType({ name: "Base", fields: { self: "ref", data: "u32" } });
        const finalize = (self: Ptr): void => heap.free(heap.getU32(self, Base.fields.data) as Ptr);
        const Owner = heap.defineType({ name: "Owner", extends: Base, finalize });
        let peak = 0;
        for (let i = 0; i < 500; i++) {
          const owner = heap.alloc(Owner);
          heap.setRef(owner, Owner.fields.self, owner);
          heap.setU32(owner, Owner.fields.data, heap.malloc(MIB));
          if (told) heap.adjustExternalBytes(owner, MIB);
          peak = Math.max(peak, heap.stats().heapUsed);
          heap.decref(owner);
        }
        heap.gc();
        expect(peak).toBeLessThan(64 * MIB);
      }
    });

    test.skipIf(STRESS > 0)("of bytes outside of the heap", () => {
      const heap = newHeap(build);
      const Owner = owners(heap);
      let alive = 0;
      let most = 0;
      for (let i = 0; i < 500; i++) {
        const owner = cycle(heap, Owner);
        heap.adjustExternalBytes(owner, MIB);
        heap.finalize(owner, () => alive--);
        most = Math.max(most, ++alive);
        heap.decref(owner);
      }
      expect(most).toBeLessThan(64);
      heap.gc();
      expect(alive).toBe(0);
    });

    test("of what lives on for good grows slower than the heap", () => {
      const heap = newHeap(build);
      let collections = 0;
      heap.collector.callbacks.add((phase, { generation }) => {
        if (phase === "start" && generation === 2) collections++;
      });
      const list = heap.list();
      for (let i = 0; i < 400; i++) {
        const item = heap.list();
        heap.adjustExternalBytes(item, 4 * MIB);
        heap.lists.append(list, item);
        heap.decref(item);
      }
      // 1.6 GiB in steps of half of what there is.
      if (STRESS === 0) expect(collections).toBeLessThan(16);
      heap.decref(list);
    });
  });

  describe("adjustExternalBytes", () => {
    test("adds up for each object, until it dies", () => {
      const heap = manualHeap(build);
      const object = heap.list();
      expect(heap.adjustExternalBytes(object, 100)).toBe(100);
      expect(heap.adjustExternalBytes(object, 2 ** 40)).toBe(2 ** 40 + 100);
      expect(heap.adjustExternalBytes(object, -100)).toBe(2 ** 40);
      expect(heap.adjustExternalBytes(object, -(2 ** 40))).toBe(0);
      expect(heap.adjustExternalBytes(object, 0)).toBe(0);
      heap.adjustExternalBytes(object, 7);
      heap.decref(object);
      const next = heap.list();
      expect(heap.adjustExternalBytes(next, 1)).toBe(1);
      heap.decref(next);
    });

    test("goes along with finalizers of the same object, whichever ends first", () => {
      const heap = manualHeap(build);
      const ran: string[] = [];
      const object = heap.list();
      heap.adjustExternalBytes(object, 5);
      heap.finalize(object, () => ran.push("detached")).detach();
      heap.finalize(object, () => ran.push("kept"));
      heap.decref(object);
      expect(ran).toEqual(["kept"]);
      const next = heap.list();
      expect(heap.adjustExternalBytes(next, 1)).toBe(1);
      heap.decref(next);
    });

    test("refuses what is no number of bytes, and what would be fewer than none", () => {
      const heap = newHeap(build);
      const object = heap.list();
      heap.adjustExternalBytes(object, 10);
      for (const wrong of [0.5, NaN, Infinity, 2 ** 53, "1", 1n, null, undefined, {}]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.adjustExternalBytes(object, wrong as number));
      }
      refused(heap, "ERR_HEAP_RANGE", () => heap.adjustExternalBytes(object, -11));
      refused(heap, "ERR_HEAP_RANGE", () => heap.adjustExternalBytes(object, Number.MAX_SAFE_INTEGER));
      expect(heap.adjustExternalBytes(object, 0)).toBe(10);
      refused(heap, "ERR_HEAP_BAD_POINTER", () => heap.adjustExternalBytes(NULL, 1));
      heap.decref(object);
      refused(heap, ["ERR_HEAP_USE_AFTER_FREE"], () => heap.adjustExternalBytes(object, 1));
      const closed = build.create();
      closed.dispose();
      expect(errorOf(() => closed.adjustExternalBytes(object, 1)).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
    });

    test("inside a finalizer, of the dying object and of others", () => {
      const heap = newHeap(build);
      const other = heap.list();
      const Final = heap.defineType({
        name: "Final",
        fields: { next: "ref" },
        finalize: (self) => {
          heap.adjustExternalBytes(self, 5);
          heap.adjustExternalBytes(other, 6);
        },
      });
      heap.decref(heap.alloc(Final));
      expect(heap.adjustExternalBytes(other, 0)).toBe(6);
      heap.decref(other);
    });

    test("is told of in a report of leaks, and forgotten by a reset", () => {
      let report: { held?: readonly { externalBytes: number }[] } = {};
      const heap = build.create({ onLeak: (found) => (report = found) });
      heap.adjustExternalBytes(heap.list(), 9);
      heap.reset();
      const object = heap.list();
      expect(heap.adjustExternalBytes(object, 3)).toBe(3);
      heap.dispose();
      expect(report.held?.map(({ externalBytes }) => externalBytes)).toEqual([3]);
    });
  });
});
