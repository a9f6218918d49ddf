import { describe, expect, test } from "vitest";
import type { HeapOptions, Ptr } from "../../../bindings/index.js";
import { heapWithNodes, refused } from "../../support/bad-input.js";
import { builds } from "../../support/cores.js";
import { NULL, newHeap, release } from "../../support/objects.js";

describe.each(builds)("bad input, $name core", (build) => {
  const setUp = (options?: HeapOptions) => heapWithNodes(build, options);

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

    test("fields that are no numbers", () => {
      const { heap, Node } = setUp();
      const node = heap.alloc(Node);
      const throwing = { valueOf: () => expect.unreachable() };
      for (const wrong of [5n, Symbol("s"), "left", {}, throwing, null, undefined] as never[]) {
        refused(heap, "ERR_HEAP_TYPE", () => heap.getRef(node, wrong));
        refused(heap, "ERR_HEAP_TYPE", () => heap.setRef(node, wrong, node));
        refused(heap, "ERR_HEAP_TYPE", () => heap.stealRef(node, wrong, node));
        refused(heap, "ERR_HEAP_TYPE", () => heap.getF64(node, wrong));
        refused(heap, "ERR_HEAP_TYPE", () => heap.setI32(node, wrong, 1));
      }
      expect(heap.refcount(node)).toBe(1);
      release(heap, node);
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

    test("bounds of lists and strs that are no numbers", () => {
      const { heap } = setUp();
      const list = heap.list([heap.none, heap.none]);
      const str = heap.str("ab");
      for (const wrong of ["0", null, {}, true, 1n, Symbol("s")] as never[]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.lists.slice(list, wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.lists.slice(list, 0, wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.strs.slice(str, wrong));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.strs.slice(str, 0, wrong));
        refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_RANGE"], () => heap.lists.delete(list, wrong));
        refused(heap, ["ERR_HEAP_ARGUMENT", "ERR_HEAP_RANGE"], () => heap.lists.delete(list, 0, wrong));
      }
      const part = heap.lists.slice(list, NaN, 1.9);
      expect([heap.lists.length(part), heap.lists.length(list)]).toEqual([1, 2]);
      refused(heap, "ERR_HEAP_TYPE", () => heap.strs.slice(list));
      refused(heap, "ERR_HEAP_TYPE", () => heap.strs.concat(str, list));
      release(heap, part, list, str);
    });

    test("entries of weak maps that are no pairs", () => {
      const { heap, Node } = setUp();
      const node = heap.alloc(Node);
      for (const wrong of [5, null, undefined, "ab", {}] as never[]) {
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.weakValueMap([wrong]));
        refused(heap, "ERR_HEAP_ARGUMENT", () => heap.weakKeyMap([[node, 1], wrong]));
      }
      heap.decref(node);
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
        // Refused also where they would change nothing.
        { name: "X", fields: {}, acyclic: "yes" },
        { name: "X", fields: {}, weakrefs: 1, extends: Node },
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
});

test.each(builds)("$name: an index is proved to be a number before anything is done with it", (build) => {
  const heap = newHeap(build);
  const list = heap.list([heap.none]);
  const host = { valueOf: () => expect.unreachable() };
  for (const [index, code] of [
    [0n, "ERR_HEAP_RANGE"],
    [Symbol("0"), "ERR_HEAP_ARGUMENT"],
    [host, "ERR_HEAP_ARGUMENT"],
  ] as const)
    expect(() => heap.lists.get(list, index as never)).toThrow(expect.objectContaining({ code }));
  release(heap, list);
});
