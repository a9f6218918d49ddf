import { describe, expect, test, vi } from "vitest";
import { LIST_BYTES, LIST_INSIDE, LIST_ITEMS } from "../../../bindings/generated/layout.js";
import type { Ptr } from "../../../bindings/index.js";
import { builds } from "../../support/cores.js";
import { fillUp, manualHeap, newHeap, release, watchDeaths } from "../../support/objects.js";

/** Around the lengths at which a row of items is made or dies another way. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 21, 28, 29, 31, 32, 33, 40, 200];

describe.each(builds)("rows of items, $name core", (build) => {
  test.each(["list", "tuple"] as const)(
    "a %s of any length holds its items and lets go of each, last first",
    (kind) => {
      const heap = newHeap(build);
      const { died, watched } = watchDeaths(heap);
      const shared = heap.int(123_456);
      const makers: ((i: number) => Ptr)[] = [
        () => (heap.incref(shared), shared),
        () => heap.none,
        (i) => heap.int(1_000_000 + i),
        (i) => heap.str(`item ${i}`),
        () => heap.list([shared]),
        watched,
      ];
      /** Item i of the mix: all of one kind, or all kinds in turn. */
      const makerOf = (mix: number, i: number): ((i: number) => Ptr) =>
        makers[mix < makers.length ? mix : (i + mix) % makers.length]!;
      for (const length of LENGTHS) {
        for (let mix = 0; mix < makers.length * 2; mix++) {
          const indexes = Array.from({ length }, (_, i) => i);
          const items = indexes.map((i) => makerOf(mix, i)(i));
          const row = heap[kind](items);
          const own = items.filter((item) => item !== heap.none && item !== shared);
          expect(own.every((item) => heap.refcount(item) === 2)).toBe(true);
          for (const item of items) heap.decref(item);
          expect(indexes.map((i) => heap.getItem(row, i))).toEqual(items);
          died.length = 0;
          heap.decref(row);
          expect(died).toEqual(indexes.filter((i) => makerOf(mix, i) === watched).reverse());
          expect(heap.refcount(shared)).toBe(1);
        }
        heap.verify();
      }
      heap.decref(shared);
    },
  );

  test("what is born and dies leaves the count of the youngest generation as it was", () => {
    const heap = manualHeap(build);
    const shared = heap.int(123_456);
    const types = [1, 2, 3, 5, 16, 17, 30].map((count) =>
      heap.defineType({
        name: `Of${count}`,
        fields: Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, "ref" as const])),
      }),
    );
    const makers: (() => Ptr)[] = [
      () => heap.dict(),
      () => heap.dict([[shared, shared]]),
      ...LENGTHS.flatMap((length) => [
        () => heap.list(new Array<Ptr>(length).fill(shared)),
        () => heap.tuple(new Array<Ptr>(length || 1).fill(shared)),
      ]),
      ...types.flatMap((type) =>
        ["null", "shared", "leaf", "list"].map((kind) => () => {
          const record = heap.alloc(type);
          for (const field of Object.values(type.fields)) {
            if (kind === "shared") heap.setRef(record, field, shared);
            else if (kind === "leaf") heap.stealRef(record, field, heap.float(1));
            else if (kind === "list") heap.stealRef(record, field, heap.list([shared]));
          }
          return record;
        }),
      ),
    ];
    for (const make of makers) {
      // One that stays, as the count does not go below 0.
      const stays = heap.list();
      const [before] = heap.collector.counts;
      for (let i = 0; i < 5; i++) heap.decref(make());
      expect(heap.collector.counts[0]).toBe(before);
      expect(heap.refcount(shared)).toBe(1);
      heap.decref(stays);
    }
    heap.verify();
    heap.decref(shared);
  });

  test("a str of any length and width reads as it was written", () => {
    const heap = newHeap(build);
    for (const length of [
      0, 1, 2, 7, 8, 9, 47, 48, 49, 63, 64, 65, 111, 112, 113, 127, 128, 129, 200, 9000,
    ]) {
      for (const unit of ["a", "é", "ÿ", "Ā", "\ud800", "語"]) {
        for (const at of [0, length >> 1, length - 1]) {
          const text = [...Array<string>(length).fill("x")].map((x, i) => (i === at ? unit : x)).join("");
          const str = heap.str(text);
          expect(heap.toJS(str)).toBe(text);
          expect(heap.length(str)).toBe(length);
          heap.decref(str);
        }
      }
    }
    heap.verify();
  });

  test("items come from an iterable as its own iterator gives them, and all or none are taken", () => {
    const heap = newHeap(build);
    class Backwards extends Array<Ptr> {
      override *[Symbol.iterator](): ArrayIterator<Ptr> {
        for (let i = this.length - 1; i >= 0; i--) yield this[i]!;
      }
    }
    const [a, b] = [heap.int(1001), heap.int(1002)];
    const list = heap.list(Backwards.from([a, b]));
    expect(heap.toJS(list)).toEqual([1002, 1001]);
    expect(() => heap.list([a, undefined as unknown as Ptr, b])).toThrow("pointer");
    expect(() => heap.tuple(Object.assign(new Array<Ptr>(3), { 0: a }))).toThrow("pointer");
    const released = heap.tuple(
      (function* () {
        const own = heap.int(1003);
        yield own;
        heap.decref(own);
        yield a;
      })(),
    );
    expect(heap.toJS(released)).toEqual([1003, 1001]);
    for (const p of [list, released]) heap.decref(p);
    // Getters may change the array, and the heap, while its items are taken.
    const growing: Ptr[] = [a, b];
    const more = vi.fn(() => (growing.push(a), heap.gc(), b));
    Object.defineProperty(growing, 1, { get: more });
    const grown = heap.tuple(growing);
    expect(heap.toJS(grown)).toEqual([1001, 1002, ...more.mock.calls.map(() => 1001)]);
    const shrinking: Ptr[] = [a, b, a];
    Object.defineProperty(shrinking, 0, { get: () => ((shrinking.length = 1), a) });
    const shrunk = heap.list(shrinking);
    expect(heap.toJS(shrunk)).toEqual([1001]);
    for (const p of [grown, shrunk]) heap.decref(p);
    expect([a, b].map((p) => heap.refcount(p))).toEqual([1, 1]);
    for (const p of [a, b]) heap.decref(p);
    heap.verify();
  });

  test("a short list has its items inside until it outgrows them, and nothing else changes", () => {
    const heap = newHeap(build);
    const word = (address: number): number => new DataView(heap.memory.buffer).getUint32(address, true);
    const isInside = (list: Ptr): boolean => word(list + LIST_ITEMS) === list + LIST_BYTES;
    for (const length of LENGTHS.filter((n) => n > 0)) {
      const items = Array.from({ length }, (_, i) => heap.int(5000 + i));
      const list = heap.list(items);
      expect([length, isInside(list)]).toEqual([length, length <= LIST_INSIDE]);
      const values = items.map((item) => heap.toJS(item) as number);
      heap.decref(heap.lists.pop(list));
      expect([length, isInside(list)]).toEqual([length, length <= LIST_INSIDE]);
      values.pop();
      for (let i = 0; i < 20; i++) {
        const item = heap.int(7000 + i);
        if (i % 2) heap.lists.append(list, item);
        else heap.lists.insert(list, 0, item);
        heap.decref(item);
        if (i % 2) values.push(7000 + i);
        else values.unshift(7000 + i);
      }
      expect(isInside(list)).toBe(false);
      expect(heap.toJS(list)).toEqual(values);
      expect(items.map((item) => heap.refcount(item))).toEqual(items.map((_, i) => (i < length - 1 ? 2 : 1)));
      for (const p of [list, ...items]) heap.decref(p);
    }
    heap.verify();
  });

  test("a list inside that is emptied holds new items, and outlives its last owner until all are released", () => {
    const heap = newHeap(build);
    const Holder = heap.defineType({ name: "Holder", fields: { list: "ref" } });
    let act = (): void => {};
    const Watched = heap.defineType({ name: "Watched", fields: { n: "i32" }, finalize: () => act() });
    const full = (): Ptr => {
      const items = Array.from({ length: 3 }, () => heap.alloc(Watched));
      const list = heap.list(items);
      for (const item of items) heap.decref(item);
      return list;
    };
    const list = full();
    act = () => heap.lists.append(list, heap.none);
    heap.lists.delete(list, 0, 3);
    expect(heap.toJS(list)).toEqual([null, null, null]);
    heap.decref(list);
    // The only owner of the list drops it in the middle.
    const holder = heap.alloc(Holder);
    const owned = full();
    heap.stealRef(holder, Holder.fields.list, owned);
    let deaths = 0;
    act = () => {
      if (deaths++ === 0) heap.decref(holder);
    };
    heap.lists.delete(owned, 0, 3);
    expect(deaths).toBe(3);
    heap.verify();
  });

  test("a list inside that cannot grow stays as it is", () => {
    const heap = newHeap(build, { maxBytes: 2 << 20, autoCollect: false });
    const item = heap.int(999);
    const list = heap.list([item]);
    const blocks = fillUp(heap);
    expect(() => heap.lists.append(list, item)).toThrow(expect.objectContaining({ code: "ERR_HEAP_OOM" }));
    expect(heap.toJS(list)).toEqual([999]);
    expect(heap.refcount(item)).toBe(2);
    for (const block of blocks) heap.raw.free(block);
    heap.lists.append(list, item);
    expect(heap.toJS(list)).toEqual([999, 999]);
    release(heap, list, item);
  });
});
