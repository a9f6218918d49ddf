import { describe, expect, test } from "vitest";
import type { HeapOptions, Ptr } from "../../../bindings/index.js";
import { heapWithNodes, refused } from "../../support/bad-input.js";
import { at, builds, errorOf } from "../../support/cores.js";
import { NULL, newHeap, release } from "../../support/objects.js";

const DEAD = ["ERR_HEAP_USE_AFTER_FREE", "ERR_HEAP_DOUBLE_FREE", "ERR_HEAP_BAD_POINTER"] as const;

describe.each(builds)("bad input, $name core", (build) => {
  const setUp = (options?: HeapOptions) => heapWithNodes(build, options);

  describe("objects that are dead or never were", () => {
    test("decref below zero, and every other use after death", () => {
      const { heap, Node } = setUp();
      const neighbour = heap.alloc(Node);
      const uses: ((object: Ptr) => unknown)[] = [
        (object) => heap.decref(object),
        (object) => heap.incref(object),
        (object) => heap.refcount(object),
        (object) => heap.getRef(object, Node.fields.next),
        (object) => heap.setRef(object, Node.fields.next, NULL),
        (object) => heap.setRef(neighbour, Node.fields.next, object),
        (object) => heap.stealRef(neighbour, Node.fields.next, object),
        (object) => heap.getI32(object, Node.fields.id),
        (object) => heap.setF64(object, Node.fields.weight, 1),
        (object) => heap.typeOf(object),
        (object) => heap.weakref(object),
        (object) => heap.isImmortal(object),
        (object) => heap.makeImmortal(object),
        (object) => heap.toJS(object),
        (object) => heap.own(object),
        (object) => heap.list([object]),
        (object) => heap.tuple([object]),
        (object) => heap.length(object),
      ];
      for (const use of uses) {
        const object = heap.alloc(Node);
        heap.decref(object);
        refused(heap, DEAD, () => use(object));
        expect(heap.getRef(neighbour, Node.fields.next)).toBe(NULL);
      }
      heap.decref(neighbour);
    });

    test("a dead object of a type with a private free list", () => {
      const { heap } = setUp();
      const float = heap.float(1.5);
      heap.decref(float);
      refused(heap, DEAD, () => heap.decref(float));
      refused(heap, DEAD, () => heap.refcount(float));
      const again = heap.float(2.5);
      expect(heap.refcount(again)).toBe(1);
      heap.decref(again);
    });

    test("objects of every size that a reset ended, wherever nothing has taken their place", () => {
      const heap = newHeap(build, { autoCollect: false });
      const Tail = heap.defineType({ name: "Tail", items: "ref" });
      const objects = [heap.dict([[heap.intern("key"), heap.none]])];
      for (let i = 0; i < 10_000; i++) objects.push(heap.list(), heap.int(5000 + i));
      for (const length of [0, 1, 100, 1000, 5000, 20_000, 200_000]) objects.push(heap.alloc(Tail, length));
      objects.push(heap.bytesObject(new Uint8Array(3_000_000)), heap.dict());
      heap.reset();
      const fresh = heap.dict();
      const [key, list] = [heap.intern("key"), heap.list()];
      const uses: ((object: Ptr) => unknown)[] = [
        (object) => heap.incref(object),
        (object) => heap.refcount(object),
        (object) => heap.typeOf(object),
        (object) => heap.dicts.get(object, key),
        (object) => heap.dicts.set(object, key, key),
        (object) => heap.dicts.set(fresh, key, object),
        (object) => heap.lists.append(object, key),
        (object) => heap.lists.append(list, object),
        (object) => heap.list([object]),
        (object) => heap.getItem(object, 0),
      ];
      const living = new Set([fresh, key, list, ...heap.collector.objects()]);
      const isLive = (object: Ptr): boolean => {
        try {
          return living.has(object) || heap.refcount(object) > 2 ** 29;
        } catch {
          return false;
        }
      };
      const stale = objects.filter((object) => !isLive(object));
      expect(stale.length).toBeGreaterThan(15_000);
      for (const object of [...stale.slice(0, 20), ...stale.slice(-200)])
        for (const use of uses) expect(DEAD).toContain(errorOf(() => use(object)).code);
      expect([heap.refcount(key), heap.dicts.size(fresh), heap.lists.length(list)]).toEqual([1, 0, 0]);
      heap.verify();
      release(heap, fresh, key, list);
    });

    test("null, addresses nobody handed out, raw blocks, no numbers", () => {
      const { heap, Node } = setUp();
      const object = heap.alloc(Node);
      const block = heap.malloc(64);
      heap.bytes(block, 64).fill(0);
      const wrong: unknown[] = [
        0,
        8,
        object + 4,
        object + 1,
        2 ** 31,
        2 ** 32 - 8,
        -8,
        0.5,
        NaN,
        "x",
        null,
        undefined,
      ];
      for (const value of [...wrong, {}, 8n, true, block]) {
        for (const use of [
          () => heap.incref(value as Ptr),
          () => heap.decref(value as Ptr),
          () => heap.refcount(value as Ptr),
          () => heap.getRef(value as Ptr, Node.fields.next),
          () => heap.weakref(value as Ptr),
          () => heap.typeOf(value as Ptr),
        ]) {
          refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_ARGUMENT", "ERR_HEAP_USE_AFTER_FREE"], use);
        }
      }
      // Storing null is no error.
      heap.setRef(object, Node.fields.next, NULL);
      heap.free(block);
      heap.decref(object);
    });

    // The null page must stay zero: incref wrote to it, and so did all that takes a reference.
    test("null, with checks: false", () => {
      const { heap, Node } = setUp({ checks: false });
      const { next, id, weight } = Node.fields;
      const list = heap.list([heap.none]);
      const dict = heap.dict();
      const node = heap.alloc(Node);
      for (const use of [
        () => heap.incref(NULL),
        () => heap.refcount(NULL),
        () => heap.makeImmortal(NULL),
        () => heap.setRef(NULL, next, list),
        () => heap.stealRef(NULL, next, NULL),
        () => heap.setI32(NULL, id, 5),
        () => heap.setF64(NULL, weight, 1),
        () => heap.list([NULL]),
        () => heap.tuple([list, NULL]),
        () => heap.dict([[NULL, list]]),
        () => heap.intern(NULL),
        () => heap.lists.append(NULL, list),
        () => heap.lists.append(list, NULL),
        () => heap.lists.insert(list, 0, NULL),
        () => heap.lists.set(list, 0, NULL),
        () => heap.lists.slice(NULL),
        () => heap.dicts.set(dict, NULL, list),
        () => heap.dicts.set(dict, list, NULL),
        () => heap.strs.hash(NULL),
        () => heap.weakref(NULL),
        () => heap.finalize(NULL, () => {}),
        () => heap.own(NULL),
        () => heap.collector.referents(NULL),
        () => heap.collector.referrers(NULL),
      ]) {
        refused(heap, "ERR_HEAP_BAD_POINTER", use);
      }
      refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_DOUBLE_FREE"], () => heap.decref(NULL));
      expect([heap.refcount(list), heap.lists.length(list), heap.dicts.size(dict)]).toEqual([1, 1, 0]);
      heap.setRef(node, next, NULL);
      heap.stealRef(node, next, NULL);
      release(heap, list, dict, node);
    });

    test("free and realloc of an object", () => {
      const { heap, Node } = setUp();
      const object = heap.alloc(Node);
      refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_CORRUPT"], () => heap.free(object));
      refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_CORRUPT"], () => heap.realloc(object, 100));
      expect(heap.refcount(object)).toBe(1);
      heap.decref(object);
    });
  });

  describe("handles", () => {
    test.each([true, false])("are no raw blocks, checks: %s", (checks) => {
      const { heap, Node } = setUp({ checks });
      const handle = heap.own(heap.alloc(Node));
      const before = heap.stats();
      const block = handle as unknown as Ptr;
      for (const use of [
        () => heap.free(block),
        () => heap.realloc(block, 100),
        () => heap.realloc(block, 0),
        () => heap.usableSize(block),
      ]) {
        const error = refused(heap, "ERR_HEAP_BAD_POINTER", use);
        expect(error).toMatchObject({ ptr: handle.ptr });
        expect(error.message).toContain("object");
      }
      expect(heap.stats()).toEqual(before);
      expect([handle.disposed, heap.refcount(handle)]).toEqual([false, 1]);
      handle.dispose();
      refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => heap.free(block));
      refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => heap.bytes(handle, 8));
      const other = newHeap(build);
      using foreign = other.own(other.list());
      refused(heap, "ERR_HEAP_FOREIGN_HANDLE", () => heap.realloc(foreign as unknown as Ptr, 8));
      refused(heap, "ERR_HEAP_FOREIGN_HANDLE", () => heap.bytes(foreign, 8));
    });

    test("bytes() of one are those of its object", () => {
      const { heap, Node } = setUp();
      using node = heap.own(heap.alloc(Node));
      heap.setI32(node, Node.fields.id, 77);
      expect(heap.bytes(node, Node.size)).toEqual(heap.bytes(node.ptr, Node.size));
      expect([...new Int32Array(heap.bytes(node, Node.size).slice().buffer)]).toContain(77);
      refused(heap, "ERR_HEAP_RANGE", () => heap.bytes(node, 2 ** 31));
    });

    test("of another heap", () => {
      const { heap, Node } = setUp();
      const other = newHeap(build);
      const foreign = other.own(other.list());
      const node = heap.alloc(Node);
      refused(heap, "ERR_HEAP_FOREIGN_HANDLE", () => heap.setRef(node, Node.fields.next, foreign));
      refused(heap, "ERR_HEAP_FOREIGN_HANDLE", () => heap.incref(foreign));
      refused(heap, "ERR_HEAP_FOREIGN_HANDLE", () => heap.list([foreign]));
      expect(other.refcount(foreign)).toBe(1);
      foreign.dispose();
      heap.decref(node);
    });

    test("disposed twice, and used afterwards", () => {
      const { heap, Node } = setUp();
      const node = heap.alloc(Node);
      heap.incref(node);
      const handle = heap.own(node);
      handle.dispose();
      handle.dispose();
      expect([handle.disposed, heap.refcount(node)]).toEqual([true, 1]);
      refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => handle.ptr);
      refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => handle.dup());
      refused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => heap.refcount(handle));
      heap.decref(node);
    });

    test("a heap disposed twice", () => {
      const { heap, Node } = setUp();
      heap.decref(heap.alloc(Node));
      heap.dispose();
      heap.dispose();
      expect(errorOf(() => heap.alloc(Node)).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
      expect(errorOf(() => heap.int(1000)).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
    });

    test("a heap disposed with handles and objects alive", () => {
      const reports: unknown[] = [];
      const { heap, Node } = setUp({ onLeak: (report) => reports.push(report) });
      const handle = heap.own(heap.alloc(Node));
      heap.alloc(Node);
      heap.dispose();
      expect(reports.length).toBe(1);
      expect(errorOf(() => handle.ptr).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
      handle.dispose();
      expect(handle.disposed).toBe(true);
    });
  });

  describe("counts", () => {
    test("immortal objects do not move", () => {
      const { heap, Node } = setUp();
      for (const object of [heap.none, heap.true, heap.false, heap.int(4), heap.str(""), heap.tuple([])]) {
        expect(heap.isImmortal(object)).toBe(true);
        const before = heap.refcount(object);
        for (let i = 0; i < 100; i++) heap.decref(object);
        for (let i = 0; i < 50; i++) heap.incref(object);
        expect(heap.refcount(object)).toBe(before);
      }
      const node = heap.alloc(Node);
      expect(heap.isImmortal(node)).toBe(false);
      heap.decref(node);
    });

    test("unsigned pointers only", () => {
      const { heap } = setUp();
      refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_BAD_POINTER"], () => heap.incref(at(-16)));
    });
  });
});
