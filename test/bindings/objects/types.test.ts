import { describe, expect, test } from "vitest";
import { DICT_FILLED, DICT_FIRST } from "../../../bindings/generated/layout.js";
import type { Field, Ptr, Type } from "../../../bindings/index.js";
import { objectLayerOf } from "../../../bindings/heap/record-heap.js";
import { builds, errorOf, expectRefused, MIB } from "../../support/cores.js";
import { fillUp, manualHeap, newHeap, release } from "../../support/objects.js";
import { many } from "../../support/stress.js";

describe.each(builds)("fields, $name core", (build) => {
  test("every kind keeps its values, in a base and in what extends it", () => {
    const heap = newHeap(build);
    const Base = heap.defineType({
      name: "Base",
      fields: { a: "i8", b: "u8", c: "i16", d: "u16", e: "i32" },
      weakrefs: true,
    });
    const Derived = heap.defineType({
      name: "Derived",
      fields: { f: "u32", g: "i64", h: "f32", i: "f64" },
      extends: Base,
    });
    const p = heap.alloc(Derived);
    const { a, b, c, d, e, f, g, h, i } = Derived.fields;
    heap.setI8(p, a, -128);
    heap.setU8(p, b, 255);
    heap.setI16(p, c, -32768);
    heap.setU16(p, d, 65535);
    heap.setI32(p, e, -(2 ** 31));
    heap.setU32(p, f, 2 ** 32 - 1);
    heap.setI64(p, g, -(2n ** 63n));
    heap.setF32(p, h, 0.5);
    heap.setF64(p, i, Math.PI);
    expect([
      heap.getI8(p, Base.fields.a),
      heap.getU8(p, b),
      heap.getI16(p, c),
      heap.getU16(p, d),
      heap.getI32(p, Base.fields.e),
      heap.getU32(p, f),
      heap.getI64(p, g),
      heap.getF32(p, h),
      heap.getF64(p, i),
    ]).toEqual([-128, 255, -32768, 65535, -(2 ** 31), 2 ** 32 - 1, -(2n ** 63n), 0.5, Math.PI]);
    const weak = heap.weakref(p);
    const base = heap.alloc(Base);
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.getU32(base, f));
    release(heap, weak, p, base);
  });

  test("the wrong kind does not compile, and is refused", () => {
    const heap = newHeap(build);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref", value: "f64" } });
    const p = heap.alloc(Node);
    // @ts-expect-error: a number is no reference.
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.getRef(p, Node.fields.value));
    // @ts-expect-error: a reference is no number.
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.setF64(p, Node.fields.next, 1));
    // @ts-expect-error: there is no such field.
    expect(Node.fields.missing).toBe(undefined);
    heap.decref(p);
  });

  test.each(["ref", "u8", "i64", "f64"] as const)("a tail of %s", (items) => {
    const heap = newHeap(build);
    const Tail = heap.defineType({ name: "Tail", fields: { tag: "u8" }, items });
    const p = heap.alloc(Tail, 3);
    expect(heap.length(p)).toBe(3);
    const value = items === "ref" ? heap.int(1000) : items === "i64" ? 2n ** 40n : 7;
    heap.setItem(p, 2, value);
    expect(heap.getItem(p, 2)).toBe(value);
    expectRefused(heap, "ERR_HEAP_RANGE", () => heap.getItem(p, 3));
    if (items === "ref") heap.decref(heap.getItem(p, 2));
    heap.decref(p);
  });
});

describe.each(builds)("conversion, $name core", (build) => {
  test("there and back", () => {
    const heap = newHeap(build);
    const values = [
      null,
      true,
      false,
      0,
      -6,
      257,
      2 ** 53 - 1,
      -0,
      1.5,
      NaN,
      Infinity,
      "",
      "é",
      "日本",
      "\ud800",
    ];
    for (const value of [...values, -(2n ** 63n), Uint8Array.of(1, 2)]) {
      const p = heap.fromJS(value);
      expect(heap.toJS(p)).toEqual(value);
      heap.decref(p);
    }
    const long = "x".repeat(20_000) + "日".repeat(20_000);
    const p = heap.str(long);
    expect(heap.strs.toJS(p)).toBe(long);
    heap.decref(p);
  });

  test("keys that a Map does not tell apart become one entry, with the last value", () => {
    const heap = newHeap(build);
    const keys = [heap.int(1), heap.float(1), heap.float(2.5), heap.float(2.5)];
    const values = [10, 20, 30, 40].map((n) => heap.int(n));
    const dict = heap.dict(keys.map((key, i) => [key, values[i]!]));
    expect(heap.dicts.size(dict)).toBe(4);
    expect([...(heap.toJS(dict) as Map<number, number>)]).toEqual([
      [1, 20],
      [2.5, 40],
    ]);
    release(heap, dict, ...keys);
  });

  test("sharing and cycles are kept", () => {
    const heap = newHeap(build);
    const shared = [1000];
    const p = heap.fromJS({ a: shared, b: shared });
    const back = heap.toJS(p) as Map<string, unknown>;
    expect(back.get("a")).toBe(back.get("b"));
    heap.decref(p);
    const loop: unknown[] = [];
    loop.push(loop);
    const l = heap.fromJS(loop);
    const again = heap.toJS(l) as unknown[];
    expect(again[0]).toBe(again);
    heap.lists.delete(l, 0);
    heap.decref(l);
  });

  test("depth costs no stack", () => {
    const heap = newHeap(build);
    let deep: unknown = 1000;
    for (let i = 0; i < many(50_000); i++) deep = [deep];
    const p = heap.fromJS(deep);
    heap.toJS(p);
    heap.decref(p);
  });

  test("what has no counterpart leaves nothing behind", () => {
    const heap = newHeap(build);
    const loop: unknown[] = [heap.none, "text"];
    loop.push(loop, { deeper: loop }, Symbol("no"));
    for (const value of [undefined, () => {}, new Date(), new Set(), loop, { f: Math.max }]) {
      expectRefused(heap, "ERR_HEAP_TYPE", () => heap.fromJS(value));
    }
    expectRefused(heap, "ERR_HEAP_RANGE", () => heap.fromJS([2n ** 63n]));
  });
});

describe.each(builds)("dicts, $name core", (build) => {
  test("may change their values while they are iterated, and are read as they are", () => {
    const heap = newHeap(build);
    const d = heap.fromJS(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key ${i}`, i + 1000])));
    const seen: unknown[] = [];
    const keys = [...heap.dicts.keys(d)];
    for (const [key, value] of heap.dicts.entries(d)) {
      seen.push(heap.toJS(value));
      heap.dicts.set(d, key, heap.none);
      heap.dicts.set(d, keys[seen.length] ?? key, heap.true);
    }
    expect(seen).toEqual([1000, ...new Array<boolean>(99).fill(true)]);
    heap.decref(d);
  });

  test.each(["keys", "entries"] as const)(
    "whose keys change while they are iterated end %s with an error",
    (what) => {
      const heap = newHeap(build);
      const names = Array.from({ length: 40 }, (_, i) => heap.intern(`name ${i}`));
      const changes: ((d: Ptr) => void)[] = [
        (d) => heap.dicts.delete(d, names[0]!),
        (d) => heap.dicts.delete(d, names[9]!),
        (d) => heap.dicts.set(d, names[10]!, heap.none),
        // As many as before.
        (d) => {
          heap.dicts.delete(d, names[0]!);
          heap.dicts.set(d, names[0]!, heap.none);
        },
        // As many as before, in another table with as many entries.
        (d) => {
          for (const name of names.slice(10)) heap.dicts.set(d, name, heap.none);
          for (const name of names.slice(10)) heap.dicts.delete(d, name);
        },
      ];
      for (const change of changes) {
        for (const before of [0, 1, 9]) {
          const d = heap.dict(names.slice(0, 10).map((name) => [name, heap.none]));
          const [iterator, over] = [heap.dicts[what](d), heap.dicts[what](d)];
          for (let i = 0; i < before; i++) expect(iterator.next().done).toBe(false);
          expect([...over].length).toBe(10);
          change(d);
          for (let i = 0; i < 2; i++) {
            const error = errorOf(() => iterator.next());
            expect([error.code, error.message]).toEqual([
              "ERR_HEAP_RANGE",
              expect.stringMatching(
                /^dicts\.(keys|entries)\(0x[0-9a-f]+\): keys of the dict changed during iteration/,
              ),
            ]);
          }
          expect(over.next().done).toBe(true);
          heap.verify();
          heap.decref(d);
        }
      }
      release(heap, ...names);
    },
  );

  // Each taken key once cost a walk over all that were taken before it, and a copy of the table.
  test("give up their first key in constant time, however many went before", () => {
    const heap = manualHeap(build);
    const { dicts } = heap;
    const first = (d: Ptr): Ptr => dicts.keys(d).next().value!;
    const count = 30_000;
    const keys = Array.from({ length: count }, (_, i) => heap.int(1000 + i));
    const d = heap.dict();
    for (const key of keys) dicts.set(d, key, heap.none);
    const words = objectLayerOf(heap).memory.u32;
    const skipped = (): number => words[(d + DICT_FIRST) >>> 2]!;
    for (let i = 0; i < count; i++) {
      expect(first(d)).toBe(keys[i]);
      expect(skipped()).toBe(i);
      dicts.delete(d, keys[i]!);
    }
    expect(dicts.keys(d).next().done).toBe(true);
    heap.verify();
    // A cache that forgets what was used least recently, with some taken from the middle.
    for (let i = 0; i < 4 * count; i++) {
      const key = keys[(i * 7919) % count]!;
      dicts.delete(d, key);
      dicts.set(d, key, heap.none);
      if (dicts.size(d) > 100) dicts.delete(d, first(d));
    }
    expect(skipped()).toBeLessThanOrEqual(words[(d + DICT_FILLED) >>> 2]!);
    const left = [...dicts.keys(d)];
    expect(left).toEqual(
      keys.filter((key) => left.includes(key)).sort((a, b) => left.indexOf(a) - left.indexOf(b)),
    );
    heap.verify();
    heap.decref(d);
    release(heap, ...keys);
  });

  test("that dies while it is iterated, and whose place something else takes", () => {
    const heap = newHeap(build);
    const dict = heap.dict([
      [heap.int(1), heap.none],
      [heap.int(2), heap.none],
    ]);
    const Record = heap.defineType({
      name: "Record",
      fields: { a: "u32", b: "u32", c: "u32", d: "u32", e: "u32", ref: "ref" },
    });
    const keys = heap.dicts.keys(dict);
    keys.next();
    heap.decref(dict);
    heap.clearFreeLists();
    const others: Ptr[] = [];
    do others.push(heap.alloc(Record));
    while (others.at(-1) !== dict && others.length < 1000);
    expect(others.at(-1)).toBe(dict);
    for (const field of ["a", "b", "c", "d", "e"] as const) heap.setU32(dict, Record.fields[field], 7);
    expect(errorOf(() => keys.next()).code).toBe("ERR_HEAP_TYPE");
    release(heap, ...others);
  });
});

describe.each(builds)("types, $name core", (build) => {
  test("a type that onMemoryPressure defines while one is defined", () => {
    let blocks: Ptr[] = [];
    let inner: Type | undefined;
    const heap = newHeap(build, {
      initialBytes: MIB,
      maxBytes: MIB,
      onMemoryPressure: () => {
        for (const block of blocks.splice(0)) heap.free(block);
        inner ??= heap.defineType({ name: "Inner", fields: { a: "ref" } });
      },
    });
    heap.decref(heap.list());
    blocks = fillUp(heap);
    const fields = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, "ref"] as const));
    const outer = Array.from({ length: 20 }, (_, i) => heap.defineType({ name: `Outer${i}`, fields }));
    expect(inner).toBeDefined();
    const after = heap.defineType({ name: "After", fields: { a: "ref" } });
    for (const type of [...outer, inner!, after]) {
      const object = heap.alloc(type);
      expect(heap.typeOf(object)).toBe(type);
      heap.setRef(object, Object.values(type.fields)[0] as Field<"ref">, heap.none);
      heap.decref(object);
    }
  });
});

describe.each(builds)("the number of types, $name core", (build) => {
  test("65,520 and no more, each with instances and fields of its own", () => {
    const heap = manualHeap(build);
    const types = Array.from({ length: 65_520 }, (_, i) =>
      heap.defineType({ name: `T${i}`, fields: { next: "ref", id: "i32" } }),
    );
    expectRefused(heap, "ERR_HEAP_RANGE", () => heap.defineType({ name: "one too many" }));
    const objects = types.map((type, i) => {
      const object = heap.alloc(type);
      heap.setI32(object, type.fields.id, i);
      return object;
    });
    const found = objects.filter((object, i) => {
      const type = types[i]!;
      return heap.typeOf(object) === type && heap.getI32(object, type.fields.id) === i;
    });
    expect(found.length).toBe(65_520);
    const [first, last] = [types[0]!, types[65_519]!];
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.getRef(objects[0]!, last.fields.next));
    heap.setRef(objects[65_519]!, last.fields.next, objects[0]!);
    heap.setRef(objects[0]!, first.fields.next, objects[65_519]!);
    release(heap, ...objects.splice(0, 1), ...objects.splice(-1));
    for (const object of objects) heap.decref(object);
    expect(heap.gc()).toBe(2);
  });
});

describe.each(builds)("items, $name core", (build) => {
  test("items are what the iterable gives, also if it is an array with an iterator of its own", () => {
    const heap = manualHeap(build);
    const [a, b] = [heap.int(1000), heap.int(2000)];
    class Twice extends Array<Ptr> {
      override *[Symbol.iterator](): ArrayIterator<Ptr> {
        for (let i = 0; i < this.length; i++) yield* [this[i]!, this[i]!];
      }
    }
    const own = Object.assign([a, b], { [Symbol.iterator]: () => [b].values() });
    for (const items of [Twice.of(a, b), own, new Proxy([a, b], {}), new Set([a, b]), Uint32Array.of(a, b)]) {
      const expected = [...(items as Iterable<Ptr>)].map((item) => heap.toJS(item));
      for (const made of [heap.list(items as Iterable<Ptr>), heap.tuple(items as Iterable<Ptr>)]) {
        expect(heap.toJS(made)).toEqual(expected);
        heap.decref(made);
      }
    }
    expect([heap.refcount(a), heap.refcount(b)]).toEqual([1, 1]);
    release(heap, a, b);
  });

  test("a tuple that the collector was done with can become part of a cycle", () => {
    const heap = manualHeap(build);
    for (const generation of [0, 1, 2] as const) {
      const tuple = heap.tuple([heap.none]);
      heap.gc(generation);
      expect(heap.collector.isTracked(tuple)).toBe(false);
      const list = heap.list([tuple]);
      heap.setItem(tuple, 0, list);
      expect(heap.collector.isTracked(tuple)).toBe(true);
      release(heap, list, tuple);
      expect(heap.gc()).toBe(2);
    }
  });

  test("so can the tuples that the collector was done with because of it", () => {
    const heap = manualHeap(build);
    const inner = heap.tuple([heap.none]);
    const middle = heap.tuple([inner]);
    const outer = heap.tuple([middle]);
    for (let i = 0; i < 3; i++) heap.gc();
    expect([inner, middle, outer].map((tuple) => heap.collector.isTracked(tuple))).toEqual([
      false,
      false,
      false,
    ]);
    const list = heap.list([outer]);
    heap.setItem(inner, 0, list);
    release(heap, inner, middle, outer, list);
    expect(heap.gc()).toBe(4);
  });

  test("items that lie 2 GiB behind the first", () => {
    const heap = build.create({ autoCollect: false });
    const index = 2 ** 29 + 5;
    // Fresh memory is zero already, so the list takes none of the host's.
    heap.decref(heap.list());
    const list = (objectLayerOf(heap).calls.abi.list_new(index + 1) >>> 0) as Ptr;
    expect(list).not.toBe(0);
    const int = heap.int(1000);
    heap.setItem(list, index, int);
    expect(heap.getItem(list, index)).toBe(int);
    expect(heap.lists.get(list, index)).toBe(int);
    expect(heap.refcount(int)).toBe(2);
  });
});
