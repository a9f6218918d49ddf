import { describe, expect, test } from "vitest";
import { DICT_TABLE, STATE_INTERNAL_BLOCKS } from "../../../bindings/generated/layout.js";
import type { Ptr } from "../../../bindings/index.js";
import { objectLayerOf } from "../../../bindings/heap/record-heap.js";
import { builds } from "../../support/cores.js";
import { manualHeap, newHeap, watchDeaths } from "../../support/objects.js";

/** Around the five entries of the smallest table, and the eight that die at once. */
const SIZES = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 40];

describe.each(builds)("dicts of pairs, $name core", (build) => {
  test.each([true, false])(
    "of any size they hold keys and values, and let go of each in order, checks %s",
    (checks) => {
      const heap = newHeap(build, { checks });
      const { died, watched } = watchDeaths(heap);
      const shared = heap.int(123_456);
      // Every key is another one.
      const keys: ((i: number) => Ptr)[] = [
        (i) => heap.intern(`name ${i}`),
        (i) => heap.str(`text ${i}`),
        (i) => heap.int(1_000_000 + i),
        (i) => heap.list([heap.none, ...(i % 2 ? [shared] : [])]),
        (i) => watched(2 * i),
      ];
      const values: ((i: number) => Ptr)[] = [
        () => (heap.incref(shared), shared),
        () => heap.none,
        (i) => heap.float(i),
        () => heap.list([shared]),
        (i) => watched(2 * i + 1),
      ];
      for (const size of SIZES) {
        for (let mix = 0; mix < 2 * keys.length; mix++) {
          const kind = (i: number): number => (mix < keys.length ? mix : (i + mix) % keys.length);
          const indexes = Array.from({ length: size }, (_, i) => i);
          const pairs = indexes.map((i): [Ptr, Ptr] => [keys[kind(i)]!(i), values[kind(i)]!(i)]);
          const own = pairs.flat().filter((p) => p !== heap.none && p !== shared);
          const dict = heap.dict(pairs);
          expect(own.every((p) => heap.refcount(p) === 2)).toBe(true);
          for (const p of pairs.flat()) heap.decref(p);
          expect([...heap.dicts.entries(dict)]).toEqual(pairs);
          died.length = 0;
          heap.decref(dict);
          expect(died).toEqual(indexes.filter((i) => kind(i) === 4).flatMap((i) => [2 * i, 2 * i + 1]));
          expect(heap.refcount(shared)).toBe(1);
        }
        heap.verify();
      }
      heap.decref(shared);
    },
  );

  test("an equal key that comes again keeps the first object and takes the last value", () => {
    const heap = newHeap(build);
    const [first, twin] = [heap.str("key"), heap.str("key")];
    const [old, value] = [heap.list(), heap.list()];
    const dict = heap.dict([
      [first, old],
      [twin, value],
      [first, value],
    ]);
    expect([...heap.dicts.entries(dict)]).toEqual([[first, value]]);
    expect([first, twin, old, value].map((p) => heap.refcount(p))).toEqual([2, 1, 1, 2]);
    for (const p of [dict, first, twin, old, value]) heap.decref(p);
  });

  test("a value is replaced by itself, by one that others own, and with its last reference", () => {
    const heap = newHeap(build);
    const died: Ptr[] = [];
    const Watched = heap.defineType({ name: "Watched", finalize: (self) => void died.push(self) });
    const key = heap.intern("key");
    const value = heap.alloc(Watched);
    const other = heap.alloc(Watched);
    const dict = heap.dict([[key, value]]);
    heap.dicts.set(dict, key, value);
    expect(heap.refcount(value)).toBe(2);
    heap.dicts.set(dict, key, other);
    expect([heap.refcount(value), heap.refcount(other)]).toEqual([1, 2]);
    heap.decref(other);
    expect(died).toEqual([]);
    heap.dicts.set(dict, key, value);
    expect(died).toEqual([other]);
    heap.dicts.set(dict, key, dict);
    expect(heap.refcount(dict)).toBe(2);
    heap.dicts.set(dict, key, heap.none);
    expect([heap.refcount(dict), heap.refcount(value)]).toEqual([1, 1]);
    for (const p of [dict, key, value]) heap.decref(p);
  });

  test("the finalizer of a value that is replaced sees the new one in its place", () => {
    const heap = newHeap(build);
    const key = heap.intern("key");
    const seen: Ptr[] = [];
    const Watched = heap.defineType({
      name: "Watched",
      finalize: () => void seen.push(heap.dicts.get(dict, key)),
    });
    const value = heap.alloc(Watched);
    const dict = heap.dict([[key, value]]);
    heap.decref(value);
    const list = heap.list();
    heap.dicts.set(dict, key, list);
    expect(seen).toEqual([list]);
    for (const p of [dict, key, list]) heap.decref(p);
  });

  test("an iteration sees that entries moved, although there are as many as before", () => {
    const heap = newHeap(build);
    const keys = Array.from({ length: 6 }, (_, i) => heap.int(1000 + i));
    const dict = heap.dict(keys.slice(0, 5).map((key) => [key, heap.none]));
    heap.dicts.delete(dict, keys[1]!);
    const iterator = heap.dicts.keys(dict);
    expect(iterator.next().value).toBe(keys[0]);
    // The table is full: it is built anew without the deleted entry.
    heap.dicts.set(dict, keys[5]!, heap.none);
    heap.dicts.delete(dict, keys[3]!);
    expect(heap.dicts.size(dict)).toBe(4);
    expect(() => iterator.next()).toThrow(expect.objectContaining({ code: "ERR_HEAP_RANGE" }));
    for (const p of [dict, ...keys]) heap.decref(p);
  });

  test("nothing is left of a dict when a pair of it is refused, wherever it stands", () => {
    const heap = newHeap(build);
    const key = heap.int(5000);
    const value = heap.list();
    for (const size of SIZES) {
      for (let bad = 0; bad < size; bad++) {
        const pairs = Array.from({ length: size }, (): unknown => [key, value]);
        for (const entry of [undefined, 1, [key], [key, 4], [8, value], [key, null]]) {
          pairs[bad] = entry;
          expect(() => heap.dict(pairs as [Ptr, Ptr][])).toThrow(/^dict/);
        }
      }
    }
    expect([heap.refcount(key), heap.refcount(value)]).toEqual([1, 1]);
    heap.decref(key);
    heap.decref(value);
  });

  test("pairs that change the array, or let go of themselves, while they are read", () => {
    const heap = newHeap(build);
    const key = heap.int(5000);
    let value = heap.list();
    const growing: [Ptr, Ptr][] = [[key, value]];
    Object.defineProperty(growing, 0, {
      get: () => {
        if (growing.length < 3) growing.push([key, value]);
        return [key, value];
      },
    });
    const dict = heap.dict(growing);
    expect([...heap.dicts.entries(dict)]).toEqual([[key, value]]);
    heap.decref(dict);
    const gone = value;
    const pair = [key, value] as unknown as [Ptr, Ptr];
    Object.defineProperty(pair, 1, {
      get: () => {
        if (value === gone) heap.decref(gone);
        value = heap.none;
        return gone;
      },
    });
    expect(() => heap.dict([pair])).toThrow(expect.objectContaining({ code: "ERR_HEAP_USE_AFTER_FREE" }));
    expect(heap.refcount(key)).toBe(1);
    heap.decref(key);
  });

  test("an iteration that was left goes on no more; two do not disturb each other", () => {
    const heap = newHeap(build);
    const value = heap.none;
    const pairs = Array.from({ length: 12 }, (_, i): [Ptr, Ptr] => [heap.intern(`name ${i}`), value]);
    const dict = heap.dict(pairs);
    const keys = pairs.map(([key]) => key);
    const left = heap.dicts.keys(dict);
    for (const key of left) if (key === keys[3]) break;
    expect([...left]).toEqual([]);
    const [one, other] = [heap.dicts.keys(dict), heap.dicts.entries(dict)];
    expect([one.next().value, one.next().value, other.next().value]).toEqual([keys[0], keys[1], pairs[0]]);
    expect([...other]).toEqual(pairs.slice(1));
    expect([...one]).toEqual(keys.slice(2));
    const last = heap.dicts.keys(dict);
    heap.decref(dict);
    expect(() => last.next()).toThrow(/^dicts.keys/);
    for (const key of keys) heap.decref(key);
    const empty = heap.dict();
    expect([...heap.dicts.keys(empty)]).toEqual([]);
    heap.decref(empty);
  });

  test.each(["dict", "large dict", "tuple", "list", "iterated list"])(
    "a heap that is reset while the items of one are read, %s is none the worse for it",
    (kind) => {
      const heap = manualHeap(build);
      const old = heap.int(5000);
      const fresh: Ptr[] = [];
      const reset = (): Ptr => {
        heap.reset();
        for (let i = 0; i < 50; i++)
          fresh.push(heap.int(5000 + i), heap.list(), heap.dict(), heap.tuple([heap.none]));
        return fresh[0]!;
      };
      const last = <T>(before: T, make: (p: Ptr) => T, count: number): T[] => {
        const items = new Array<T>(count).fill(before);
        return Object.defineProperty(items, count - 1, { get: () => make(reset()) });
      };
      expect(() => {
        if (kind === "tuple") heap.tuple(last<Ptr>(old, (p) => p, 2));
        else if (kind === "list") heap.list(last<Ptr>(old, (p) => p, 2));
        else if (kind === "iterated list") heap.list(last<Ptr>(old, (p) => p, 2).values());
        else heap.dict(last<[Ptr, Ptr]>([old, old], (p) => [p, p], kind === "dict" ? 2 : 12));
      }).toThrow(expect.objectContaining({ code: "ERR_HEAP_USE_AFTER_FREE" }));
      heap.verify();
      expect(fresh.every((p) => heap.refcount(p) === 1)).toBe(true);
      for (const p of fresh) heap.decref(p);
    },
  );

  test("tables that are born and die with their dicts are counted, and given back", () => {
    const heap = manualHeap(build);
    const [key, value] = [heap.intern("key"), heap.float(0.5)];
    heap.decref(heap.dict([[key, value]]));
    const tables = (): number => objectLayerOf(heap).memory.state(STATE_INTERNAL_BLOCKS);
    const before = tables();
    for (let round = 0; round < 3; round++) {
      const dicts = Array.from({ length: 1000 }, () => heap.dict([[key, value]]));
      expect(tables()).toBe(before + 1000);
      for (const dict of dicts) heap.decref(dict);
      expect(tables()).toBe(before);
      heap.clearFreeLists();
      heap.verify();
    }
    heap.decref(key);
    heap.decref(value);
  });

  test("a store into a dict whose table lies beyond the memory ends in an error of the heap", () => {
    const heap = build.create({ autoCollect: false });
    const key = heap.intern("key");
    const dict = heap.dict([[key, key]]);
    objectLayerOf(heap).memory.u32[(dict + DICT_TABLE) >>> 2] = 0xfff0_0000;
    const store = (): void => heap.dicts.set(dict, key, key);
    expect(store).toThrow(expect.objectContaining({ code: "ERR_HEAP_CORRUPT" }));
    expect(store).toThrow(expect.objectContaining({ code: "ERR_HEAP_CORRUPT" }));
  });
});
