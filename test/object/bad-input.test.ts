import { describe, expect, test } from "vitest";
import {
  HeapError,
  type Heap,
  type HeapErrorCode,
  type HeapOptions,
  type Ptr,
} from "../../bindings/index.js";
import { at, builds, errorOf } from "../support/cores.js";
import { NULL, isAlive, newHeap, release } from "../support/objects.js";
import { many } from "../support/stress.js";

/** Asserts that `action` is refused with one of these codes, and that the heap is none the worse for it. */
function refused(
  heap: Heap,
  codes: HeapErrorCode | readonly HeapErrorCode[],
  action: () => unknown,
): HeapError {
  const error = errorOf(action);
  if (![codes].flat().includes(error.code)) throw error;
  heap.verify();
  return error;
}

const DEAD = ["ERR_HEAP_USE_AFTER_FREE", "ERR_HEAP_DOUBLE_FREE", "ERR_HEAP_BAD_POINTER"] as const;

describe.each(builds)("bad input, $name core", (build) => {
  /** A heap that collects what callbacks threw, and a record type. */
  function setUp(options: HeapOptions = {}) {
    const unraisable: unknown[] = [];
    const heap = newHeap(build, { onUnraisable: (error) => unraisable.push(error), ...options });
    const Node = heap.defineType({
      name: "Node",
      fields: { next: "ref", id: "i32", weight: "f64" },
      weakrefs: true,
    });
    return { heap, Node, unraisable };
  }

  /** The messages of what was thrown in callbacks, whichever way they are wrapped. */
  function messages(unraisable: readonly unknown[]): string[] {
    return unraisable.map((error) => {
      const cause = (error as Error).cause;
      return `${(error as Error).message} ${cause instanceof Error ? cause.message : ""}`;
    });
  }

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

    test("free and realloc of an object", () => {
      const { heap, Node } = setUp();
      const object = heap.alloc(Node);
      refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_CORRUPT"], () => heap.free(object));
      refused(heap, ["ERR_HEAP_BAD_POINTER", "ERR_HEAP_CORRUPT"], () => heap.realloc(object, 100));
      expect(heap.refcount(object)).toBe(1);
      heap.decref(object);
    });
  });

  describe("types, fields and items", () => {
    test("a field of another type", () => {
      const { heap, Node } = setUp();
      const Other = heap.defineType({ name: "Other", fields: { next: "ref", id: "i32" } });
      const Derived = heap.defineType({ name: "Derived", fields: { more: "ref" }, extends: Node });
      const [node, other, derived] = [heap.alloc(Node), heap.alloc(Other), heap.alloc(Derived)];
      refused(heap, "ERR_HEAP_TYPE", () => heap.getRef(node, Other.fields.next));
      refused(heap, "ERR_HEAP_TYPE", () => heap.setRef(other, Node.fields.next, node));
      refused(heap, "ERR_HEAP_TYPE", () => heap.setI32(other, Node.fields.id, 1));
      refused(heap, "ERR_HEAP_TYPE", () => heap.getRef(node, Derived.fields.more));
      refused(heap, "ERR_HEAP_TYPE", () => heap.getRef(heap.none, Node.fields.next));
      // A subtype has its base's fields.
      heap.setI32(derived, Node.fields.id, 7);
      expect(heap.getI32(derived, Node.fields.id)).toBe(7);
      expect(heap.refcount(node)).toBe(1);
      release(heap, node, other, derived);
    });

    test("a field of another kind", () => {
      const { heap, Node } = setUp();
      const node = heap.alloc(Node);
      const { next, id, weight } = Node.fields;
      // @ts-expect-error a number field is no reference
      refused(heap, "ERR_HEAP_TYPE", () => heap.getRef(node, id));
      // @ts-expect-error a reference is no number
      refused(heap, "ERR_HEAP_TYPE", () => heap.getI32(node, next));
      // @ts-expect-error f64 is not i32
      refused(heap, "ERR_HEAP_TYPE", () => heap.getI32(node, weight));
      // @ts-expect-error i32 is not f64
      refused(heap, "ERR_HEAP_TYPE", () => heap.setF64(node, id, 1));
      // @ts-expect-error a plain number is no field
      refused(heap, ["ERR_HEAP_TYPE", "ERR_HEAP_ARGUMENT"], () => heap.getRef(node, 8));
      // @ts-expect-error undefined is no field
      refused(heap, ["ERR_HEAP_TYPE", "ERR_HEAP_ARGUMENT"], () => heap.getRef(node, Node.fields.nothing));
      heap.decref(node);
    });

    test("items out of range", () => {
      const { heap, Node } = setUp();
      const Array_ = heap.defineType({ name: "Array", fields: {}, items: "ref" });
      const array = heap.alloc(Array_, 3);
      const node = heap.alloc(Node);
      expect(heap.length(array)).toBe(3);
      for (const index of [-1, 3, 2 ** 31, 2 ** 32, 0.5, NaN]) {
        refused(heap, ["ERR_HEAP_RANGE", "ERR_HEAP_ARGUMENT"], () => heap.getItem(array, index));
        refused(heap, ["ERR_HEAP_RANGE", "ERR_HEAP_ARGUMENT"], () => heap.setItem(array, index, node));
      }
      const list = heap.list([node, node]);
      const tuple = heap.tuple([node]);
      for (const index of [2, 2 ** 31, 0.5]) {
        refused(heap, ["ERR_HEAP_RANGE", "ERR_HEAP_ARGUMENT"], () => heap.lists.get(list, index));
        refused(heap, ["ERR_HEAP_RANGE", "ERR_HEAP_ARGUMENT"], () => heap.lists.set(list, index, node));
        refused(heap, ["ERR_HEAP_RANGE", "ERR_HEAP_ARGUMENT"], () => heap.tuples.get(tuple, index));
      }
      release(heap, list, tuple);
      const empty = heap.list();
      refused(heap, "ERR_HEAP_RANGE", () => heap.lists.pop(empty));
      refused(heap, "ERR_HEAP_TYPE", () => heap.lists.length(node));
      refused(heap, "ERR_HEAP_TYPE", () => heap.dicts.size(empty));
      expect(heap.refcount(node)).toBe(1);
      release(heap, empty, array, node);
    });

    test("items nobody can have", () => {
      const { heap, Node } = setUp();
      const Array_ = heap.defineType({ name: "Array", fields: {}, items: "f64" });
      for (const count of [-1, 0.5, NaN, 2 ** 32])
        refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_RANGE"], () => heap.alloc(Array_, count));
      refused(heap, ["ERR_HEAP_OOM", "ERR_HEAP_ARGUMENT"], () => heap.alloc(Array_, 2 ** 29));
      refused(heap, ["ERR_HEAP_OOM", "ERR_HEAP_ARGUMENT"], () => heap.alloc(Array_, 2 ** 32 - 1));
      refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_TYPE"], () => heap.alloc(Node, 3));
    });

    test("values that fit no item, and what is not iterable", () => {
      const { heap } = setUp();
      const wide = heap.alloc(heap.defineType({ name: "Wide", items: "i64" }), 1);
      const narrow = heap.alloc(heap.defineType({ name: "Narrow", items: "i32" }), 1);
      for (const wrong of [1.5, "1", undefined, null, Symbol("s"), {}] as never[]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.setItem(wide, 0, wrong));
      }
      for (const wrong of ["1", undefined, null, Symbol("s"), {}] as never[]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.setItem(narrow, 0, wrong));
      }
      for (const wrong of [5, null, {}] as never[]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.list(wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.tuple(wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.dict(wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.dict([wrong]));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.weakValueMap(wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.weakKeyMap(wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.weakSet(wrong));
      }
      release(heap, wide, narrow);
    });

    test("values that fit no field", () => {
      const { heap } = setUp();
      const Numbers = heap.defineType({
        name: "Numbers",
        fields: {
          i8: "i8",
          u8: "u8",
          i16: "i16",
          u16: "u16",
          i32: "i32",
          u32: "u32",
          i64: "i64",
          f32: "f32",
          f64: "f64",
        },
      });
      const f = Numbers.fields;
      const record = heap.alloc(Numbers);
      const stores: ((value: never) => void)[] = [
        (value) => heap.setI8(record, f.i8, value),
        (value) => heap.setU8(record, f.u8, value),
        (value) => heap.setI16(record, f.i16, value),
        (value) => heap.setU16(record, f.u16, value),
        (value) => heap.setI32(record, f.i32, value),
        (value) => heap.setU32(record, f.u32, value),
        (value) => heap.setI64(record, f.i64, value),
        (value) => heap.setF32(record, f.f32, value),
        (value) => heap.setF64(record, f.f64, value),
      ];
      for (const store of stores) {
        store(1 as never);
        for (const wrong of ["1", "x", undefined, null, true, Symbol("s"), {}] as never[]) {
          const error = refused(heap, "ERR_HEAP_ARGUMENT", () => store(wrong));
          expect(error.message).toMatch(/^set[IUF]\d+: value must be a (whole )?number, not /);
        }
        // As for items: a bigint is a number, too.
        store(5n as never);
      }
      for (const wrong of [1.5, NaN, Infinity]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.setI64(record, f.i64, wrong));
      }
      expect([heap.getI8(record, f.i8), heap.getI64(record, f.i64), heap.getF64(record, f.f64)]).toEqual([
        5,
        5n,
        5,
      ]);
      heap.decref(record);
    });

    test("numbers that are a pointer once they are cut to 32 bits", () => {
      const { heap, Node } = setUp();
      const node = heap.alloc(Node);
      for (const wrong of [node + 2 ** 32, node - 2 ** 32, node + 0.5] as Ptr[]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.typeOf(wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.list([wrong]));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.weakref(wrong));
        for (const use of [
          () => heap.incref(wrong),
          () => heap.decref(wrong),
          () => heap.refcount(wrong),
          () => heap.getRef(wrong, Node.fields.next),
          () => heap.setRef(wrong, Node.fields.next, NULL),
          () => heap.setRef(node, Node.fields.next, wrong),
          () => heap.stealRef(wrong, Node.fields.next, NULL),
          () => heap.stealRef(node, Node.fields.next, wrong),
          () => heap.getI32(wrong, Node.fields.id),
          () => heap.setI32(wrong, Node.fields.id, 1),
          () => heap.getF64(wrong, Node.fields.weight),
        ]) {
          refused(heap, "ERR_HEAP_ARGUMENT", use);
        }
      }
      expect([heap.refcount(node), heap.getRef(node, Node.fields.next)]).toEqual([1, NULL]);
      heap.decref(node);
    });

    test("definitions that make no sense", () => {
      const { heap, Node } = setUp();
      const definitions: unknown[] = [
        undefined,
        null,
        {},
        { name: "", fields: 1 },
        { name: 7, fields: {} },
        { name: "X", fields: { a: "string" } },
        { name: "X", fields: {}, items: "list" },
        { name: "X", fields: {}, freeList: -1 },
        { name: "X", fields: {}, freeList: 0.5 },
        { name: "X", fields: {}, finalize: 1 },
        { name: "X", fields: {}, extends: {} },
        { name: "X", fields: {}, extends: 3 },
      ];
      for (const definition of definitions) {
        refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_TYPE"], () => heap.defineType(definition as never));
      }
      refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_TYPE"], () => heap.alloc({} as never));
      refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_TYPE"], () => heap.alloc(undefined as never));
      heap.decref(heap.alloc(Node));
    });

    test("a type of another heap", () => {
      const { heap, Node } = setUp();
      const other = newHeap(build);
      refused(other, ["ERR_HEAP_TYPE", "ERR_HEAP_ARGUMENT", "ERR_HEAP_FOREIGN_HANDLE"], () =>
        other.alloc(Node),
      );
      refused(other, ["ERR_HEAP_TYPE", "ERR_HEAP_ARGUMENT", "ERR_HEAP_FOREIGN_HANDLE"], () =>
        other.defineType({ name: "X", fields: {}, extends: Node }),
      );
      heap.decref(heap.alloc(Node));
    });

    test("integers and values without a counterpart", () => {
      const { heap } = setUp();
      refused(heap, "ERR_HEAP_RANGE", () => heap.int(2n ** 64n));
      refused(heap, "ERR_HEAP_RANGE", () => heap.int(-(2n ** 63n) - 1n));
      refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_RANGE", "ERR_HEAP_TYPE"], () => heap.int(0.5));
      refused(heap, "ERR_HEAP_RANGE", () => heap.fromJS(2n ** 70n));
      for (const value of [Symbol("x"), () => 1, { now: new WeakMap() }]) {
        refused(heap, "ERR_HEAP_TYPE", () => heap.fromJS(value as never));
      }
      // Nothing of a half-converted structure stays.
      refused(heap, "ERR_HEAP_TYPE", () => heap.fromJS([1000, "text", [2.5, [Symbol("x")]]] as never));
    });

    test("a reference to a weak reference of a type without them", () => {
      const { heap } = setUp();
      const Plain = heap.defineType({ name: "Plain", fields: {} });
      const plain = heap.alloc(Plain);
      refused(heap, "ERR_HEAP_TYPE", () => heap.weakref(plain));
      refused(heap, "ERR_HEAP_TYPE", () => heap.deref(plain));
      const number = heap.int(7);
      refused(heap, "ERR_HEAP_TYPE", () => heap.weakref(number));
      heap.decref(plain);
    });
  });

  describe("handles", () => {
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

  describe("finalizers and callbacks", () => {
    /** A record whose finalizer is `finalize`; dropping it is what most of these tests do. */
    function finalized(heap: Heap, finalize: (self: Ptr) => void) {
      return heap.defineType({ name: "Finalized", fields: { next: "ref" }, weakrefs: true, finalize });
    }

    test("that throw: reported, the object dies all the same", () => {
      const { heap, Node, unraisable } = setUp();
      const Type = finalized(heap, () => {
        throw new Error("in a finalizer");
      });
      const object = heap.alloc(Type);
      const child = heap.alloc(Node);
      const weak = heap.weakref(child, () => {
        throw new Error("in a callback");
      });
      heap.stealRef(object, Type.fields.next, child);
      heap.decref(object);
      expect(isAlive(heap, weak)).toBe(false);
      expect(messages(unraisable)).toEqual([
        expect.stringContaining("in a finalizer"),
        expect.stringContaining("in a callback"),
      ]);
      heap.verify();
      heap.decref(weak);
    });

    test("that throw what is no error, or throw within onUnraisable", () => {
      let reports = 0;
      const { heap } = setUp({
        onUnraisable: () => {
          reports++;
          throw new Error("in onUnraisable");
        },
      });
      const Type = finalized(heap, () => {
        throw undefined;
      });
      heap.decref(heap.alloc(Type));
      expect(reports).toBe(1);
      heap.verify();
    });

    test("that dispose of, reset or trim the heap", () => {
      const { heap, Node } = setUp();
      const codes: string[] = [];
      const attempt = (action: () => unknown): void => void codes.push(errorOf(action).code);
      const all = (): void => {
        attempt(() => heap.dispose());
        attempt(() => heap.reset());
        attempt(() => heap.trim());
      };
      heap.decref(heap.alloc(finalized(heap, all)));
      const node = heap.alloc(Node);
      const weak = heap.weakref(node, all);
      heap.decref(node);
      expect(codes).toEqual(new Array(6).fill("ERR_HEAP_BUSY"));
      expect(heap.disposed).toBe(false);
      heap.decref(weak);
    });

    test("that free their own object, one way or another", () => {
      const { heap } = setUp();
      let calls = 0;
      const codes: string[] = [];
      const attempt = (action: () => unknown): void => {
        try {
          action();
        } catch (error) {
          codes.push((error as HeapError).code);
        }
      };
      const Type = finalized(heap, (self) => {
        calls++;
        attempt(() => heap.free(self));
        attempt(() => heap.decref(self));
        attempt(() => heap.decref(self));
      });
      const object = heap.alloc(Type);
      const weak = heap.weakref(object);
      heap.decref(object);
      heap.verify();
      expect(calls).toBe(1);
      expect(codes.length).toBeGreaterThanOrEqual(2);
      expect(isAlive(heap, weak)).toBe(false);
      // Its block is not handed out twice.
      const fresh = [heap.alloc(Type), heap.alloc(Type), heap.alloc(Type)];
      expect(new Set(fresh).size).toBe(3);
      calls = 0;
      release(heap, ...fresh, weak);
      expect(calls).toBe(3);
    });

    test("that drop the object their object was reached from", () => {
      const { heap, Node } = setUp();
      let holder = NULL;
      const Type = finalized(heap, () => {
        const dropped = holder;
        holder = NULL;
        if (dropped !== NULL) heap.decref(dropped);
      });
      holder = heap.alloc(Node);
      heap.stealRef(holder, Node.fields.next, heap.alloc(Type));
      heap.setRef(holder, Node.fields.next, NULL);
      expect(holder).toBe(NULL);
    });

    test("that empty the list, or clear the mapping, that is dying or being changed", () => {
      const { heap } = setUp();
      const list = heap.list();
      const dict = heap.dict();
      const key = heap.str("key");
      let calls = 0;
      const Type = finalized(heap, () => {
        calls++;
        while (heap.lists.length(list) > 0) heap.decref(heap.lists.pop(list));
        heap.dicts.delete(dict, key);
      });
      for (let i = 0; i < 10; i++) heap.lists.append(list, heap.none);
      const object = heap.alloc(Type);
      heap.lists.append(list, object);
      heap.dicts.set(dict, key, heap.none);
      heap.decref(object);
      heap.lists.set(list, 10, heap.none);
      expect([calls, heap.lists.length(list), heap.dicts.size(dict)]).toEqual([1, 0, 0]);
      const other = heap.alloc(Type);
      heap.dicts.set(dict, key, other);
      heap.decref(other);
      heap.dicts.set(dict, key, heap.none);
      expect(calls).toBe(2);
      heap.verify();
      release(heap, list, dict, key);
    });

    test("that recurse until the host's stack overflows", () => {
      const { heap, unraisable } = setUp();
      const recurse = (): number => 1 + recurse();
      const Type = finalized(heap, () => void recurse());
      heap.decref(heap.alloc(Type));
      expect(unraisable.length).toBe(1);
      heap.verify();
      heap.decref(heap.alloc(Type));
      expect(unraisable.length).toBe(2);
    });

    test("that recurse through the heap until the host's stack overflows", () => {
      const { heap, Node } = setUp({ onLeak: () => {} });
      // Each level enters the core, which may be where the stack ends: then the heap says so from there on. It may also
      // end before decref does anything, so one object may be left.
      const recurse = (): void => {
        heap.decref(heap.alloc(Node));
        recurse();
      };
      const Type = finalized(heap, recurse);
      let code = "none";
      try {
        heap.decref(heap.alloc(Type));
        heap.verify();
        heap.decref(heap.alloc(Node));
      } catch (error) {
        if (!(error instanceof HeapError)) throw error;
        code = error.code;
        expect(errorOf(() => heap.verify()).code).toBe(code);
      }
      heap.dispose();
      expect(["none", "ERR_HEAP_CORRUPT"]).toContain(code);
    });

    test.each([100, many(100_000)])("a chain of %i whose finalizers drop the next object", (length) => {
      const { heap, unraisable } = setUp();
      const nextOf = new Map<Ptr, Ptr>();
      let died = 0;
      let last = -1;
      const Type = heap.defineType({
        name: "Link",
        fields: { id: "i32" },
        finalize: (self: Ptr) => {
          died++;
          last = heap.getI32(self, Type.fields.id);
          const next = nextOf.get(self);
          nextOf.delete(self);
          if (next !== undefined) heap.decref(next);
        },
      });
      let head = NULL;
      for (let id = length - 1; id >= 0; id--) {
        const link = heap.alloc(Type);
        heap.setI32(link, Type.fields.id, id);
        if (head !== NULL) nextOf.set(link, head);
        head = link;
      }
      heap.decref(head);
      expect([died, last, nextOf.size]).toEqual([length, length - 1, 0]);
      expect(messages(unraisable)).toEqual([]);
      heap.verify();
    });

    test.each([100, many(100_000)])("a chain of %i whose finalizers clear their field", (length) => {
      const { heap, unraisable } = setUp();
      let died = 0;
      const Type = finalized(heap, (self) => {
        died++;
        heap.setRef(self, Type.fields.next, NULL);
      });
      let head = NULL;
      for (let i = 0; i < length; i++) {
        const link = heap.alloc(Type);
        if (head !== NULL) heap.stealRef(link, Type.fields.next, head);
        head = link;
      }
      heap.decref(head);
      expect(died).toBe(length);
      expect(messages(unraisable)).toEqual([]);
    });

    test("that collect: a nested collection finds nothing to do", () => {
      const { heap } = setUp();
      const results: number[] = [];
      const Type = finalized(heap, () => results.push(heap.gc()));
      const object = heap.alloc(Type);
      heap.setRef(object, Type.fields.next, object);
      heap.decref(object);
      expect(heap.gc()).toBe(1);
      expect(results).toEqual([0]);
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
