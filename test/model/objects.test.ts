/** Random programs against plain JavaScript: lists against arrays, dicts against maps, graphs against their roots. */
import { describe, expect, test } from "vitest";
import { HeapError, type Heap, type HeapOptions, type Ptr } from "../../bindings/index.js";
import { objectLayerOf } from "../../bindings/heap/record-heap.js";
import { builds, MIB } from "../support/cores.js";
import { NULL, fillUp, newHeap, randomFrom, release, seedOf } from "../support/objects.js";

const CHECKS = [true, false];

/** Does something; false if there was no memory for it. */
function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (!(error instanceof HeapError) || error.code !== "ERR_HEAP_OOM") throw error;
    return false;
  }
}

/** A heap in which some requests fail: it is full but for a few blocks that come and go. */
function scarce(options: HeapOptions, build: (typeof builds)[number]) {
  const heap = newHeap(build, { initialBytes: MIB, maxBytes: MIB, ...options });
  heap.decref(heap.list());
  let blocks: Ptr[] = [];
  return {
    heap,
    /** Leaves `count` of the blocks that fill the memory free. */
    leave(count: number): void {
      for (const block of blocks) heap.free(block);
      blocks = count === Infinity ? [] : fillUp(heap);
      for (let i = 0; i < count && blocks.length > 0; i++) heap.free(blocks.shift()!);
    },
  };
}

describe.each(builds)("random programs, $name core", (build) => {
  test.each(CHECKS)("lists and arrays, checks %s", (checks) => {
    const seed = seedOf("lists");
    const random = randomFrom(seed);
    const pick = (count: number) => Math.floor(random() * count);
    const { heap, leave } = scarce({ checks }, build);
    const values = Array.from({ length: 50 }, (_, i) => heap.int(1000 + i));
    let list = heap.list();
    let model: Ptr[] = [];
    const compare = (): void => {
      expect(heap.lists.length(list)).toBe(model.length);
      expect(model.map((_, i) => heap.lists.get(list, i))).toEqual(model);
      const counts = new Map(values.map((value) => [value, 1]));
      for (const item of model) counts.set(item, counts.get(item)! + 1);
      expect(values.map((value) => heap.refcount(value))).toEqual([...counts.values()]);
      heap.verify();
    };
    for (let step = 0; step < 3000; step++) {
      if (step % 300 === 0) leave([0, 1, 3, 10, Infinity][pick(5)]!);
      const value = values[pick(50)]!;
      const at = pick(model.length + 1);
      const to = at + pick(model.length - at + 1);
      const isThere = at < model.length;
      const kind = pick(10);
      if (kind < 3) {
        if (succeeds(() => heap.lists.append(list, value))) model.push(value);
      } else if (kind < 5) {
        if (succeeds(() => heap.lists.insert(list, at, value))) model.splice(at, 0, value);
      } else if (kind === 5 && isThere) {
        heap.lists.set(list, at, value);
        model[at] = value;
      } else if (kind === 6 && isThere) {
        const item = heap.lists.pop(list, at);
        expect(item).toBe(model.splice(at, 1)[0]);
        heap.decref(item);
      } else if (kind === 7 && pick(4) === 0) {
        if (succeeds(() => heap.lists.delete(list, at, to))) model.splice(at, to - at);
      } else if (kind === 8 && pick(4) === 0) {
        let part: Ptr = NULL;
        if (succeeds(() => (part = heap.lists.slice(list, at, to)))) {
          heap.decref(list);
          list = part;
          model = model.slice(at, to);
        }
      } else if (kind === 9) {
        if (
          succeeds(() => heap.lists.append(list, value)) &&
          succeeds(() => heap.lists.append(list, value))
        ) {
          model.push(value, value);
        } else if (heap.lists.length(list) > model.length) model.push(value);
      }
      if (step % 100 === 0) compare();
    }
    compare();
    leave(Infinity);
    release(heap, list, ...values);
  });

  test.each(CHECKS)("dicts and maps, checks %s", (checks) => {
    const seed = seedOf("dicts");
    const random = randomFrom(seed);
    const pick = (count: number) => Math.floor(random() * count);
    const { heap, leave } = scarce({ checks }, build);
    // Equal ints and strs twice: two objects, one key. Floats, bools and tuples are keys by identity.
    const keys: { readonly key: Ptr; readonly name: unknown }[] = [];
    for (const make of [0, 1]) {
      for (let i = 0; i < 150; i++) {
        keys.push({ key: heap.int(2 ** 40 * (i - 75) + 1000), name: i });
        keys.push({ key: heap.str(`${i % 2 ? "key" : "κλειδί \ud800"} ${i}`), name: `s${i}` });
        if (i < 20) keys.push({ key: heap.float(i), name: `f${i} ${make}` });
        if (i < 20) keys.push({ key: heap.tuple([heap.none]), name: `t${i} ${make}` });
      }
    }
    const values = Array.from({ length: 20 }, (_, i) => heap.float(i));
    const dict = heap.dict();
    const model = new Map<unknown, { key: Ptr; value: Ptr }>();
    const compare = (): void => {
      expect(heap.dicts.size(dict)).toBe(model.size);
      expect([...heap.dicts.entries(dict)]).toEqual(
        [...model.values()].map(({ key, value }) => [key, value]),
      );
      const counts = new Map([...keys.map(({ key }) => key), ...values].map((p) => [p, 1]));
      for (const { key, value } of model.values()) {
        counts.set(key, counts.get(key)! + 1);
        counts.set(value, counts.get(value)! + 1);
      }
      for (const [p, count] of counts)
        if (heap.refcount(p) !== count) expect([p, heap.refcount(p)]).toEqual([p, count]);
      heap.verify();
    };
    for (let step = 0; step < 6000; step++) {
      if (step % 500 === 0) leave([0, 1, 3, 10, Infinity][pick(5)]!);
      const { key, name } = keys[pick(step % 2000 < 1000 ? keys.length : 20)]!;
      const value = values[pick(20)]!;
      const kind = pick(8);
      if (kind < 4) {
        const old = model.get(name);
        if (succeeds(() => heap.dicts.set(dict, key, value)))
          model.set(name, { key: old?.key ?? key, value });
      } else if (kind < 7) {
        expect(heap.dicts.has(dict, key)).toBe(model.has(name));
        expect(heap.dicts.delete(dict, key)).toBe(model.delete(name));
      } else expect(heap.dicts.get(dict, key)).toBe(model.get(name)?.value ?? NULL);
      if (step % 250 === 0) compare();
    }
    compare();
    leave(Infinity);
    release(heap, dict, ...values, ...keys.map(({ key }) => key));
  });

  test.each(CHECKS)("graphs whose finalizers and callbacks do anything, checks %s", (checks) => {
    for (let round = 0; round < 6; round++) runGraph(build, checks, round % 2 === 1);
  });
});

/** What the test owns is all that is held from outside, at any moment at which nothing dies. */
function compareRoots(heap: Heap, roots: readonly Ptr[]): void {
  const owned = new Map<Ptr, number>();
  for (const root of roots) owned.set(root, (owned.get(root) ?? 0) + 1);
  const { held } = objectLayerOf(heap).leaks.report();
  const found = new Map(held.map(({ ptr, references }) => [ptr, references]));
  const ascending = ([a]: [Ptr, number], [b]: [Ptr, number]): number => a - b;
  expect([...found].sort(ascending)).toEqual([...owned].sort(ascending));
}

function runGraph(build: (typeof builds)[number], checks: boolean, isScarce: boolean): void {
  const seed = seedOf(`graph, scarce ${isScarce}`);
  const random = randomFrom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const { heap, leave } = scarce(
    { checks, onUnraisable: raise, autoCollect: true, thresholds: [20, 3, 2] },
    build,
  );
  const unraisable: unknown[] = [];
  function raise(error: unknown): void {
    unraisable.push(error);
  }
  /** References that the test owns: objects, and apart from them weak references. */
  const roots: Ptr[] = [];
  const weak: Ptr[] = [];
  let depth = 0;
  let isEnding = false;
  /** What a finalizer or a callback does: something, but less and less of it the deeper they are nested. */
  const meddle = (): void => {
    if (isEnding || depth > 3) return;
    depth++;
    try {
      for (let i = pick(3); i > 0; i--) succeeds(step);
    } finally {
      depth--;
    }
  };
  const types = [true, false].map((isNoisy) =>
    heap.defineType({
      name: isNoisy ? "Noisy" : "Quiet",
      fields: { a: "ref", n: "i32", b: "ref", c: "ref" },
      weakrefs: true,
      freeList: isNoisy ? 0 : 5,
      ...(isNoisy && {
        finalize: (self: Ptr): void => {
          if (!isEnding && pick(4) === 0) {
            heap.incref(self);
            roots.push(self);
          }
          meddle();
        },
      }),
    }),
  );
  const plain = heap.defineType({ name: "Plain", fields: { a: "ref" }, acyclic: true, finalize: meddle });
  const wide = heap.defineType({ name: "Wide", fields: { a: "ref" }, items: "ref", weakrefs: true });
  const isRecord = (p: Ptr) => heap.typeOf(p) === types[0] || heap.typeOf(p) === types[1];
  const any = (): Ptr => (roots.length === 0 ? heap.none : roots[pick(roots.length)]!);
  const make = (): Ptr => {
    const kind = pick(12);
    if (kind < 3) return heap.alloc(types[0]!);
    if (kind < 5) return heap.alloc(types[1]!);
    if (kind === 5) return heap.list([any(), any()]);
    if (kind === 6) return heap.dict([[any(), any()]]);
    if (kind === 7) return heap.tuple([any(), any(), heap.none]);
    if (kind === 8) return heap.alloc(plain);
    if (kind === 9) return heap.alloc(wide, pick(300));
    return kind === 10 ? heap.int(1000 + pick(9)) : heap.str(`text ${pick(9)}`);
  };
  const store = (into: Ptr, value: Ptr): void => {
    const type = heap.typeOf(into);
    if (isRecord(into))
      heap.setRef(
        into,
        types[0] === type
          ? types[0].fields[(["a", "b", "c"] as const)[pick(3)]!]
          : types[1]!.fields[(["a", "b", "c"] as const)[pick(3)]!],
        pick(5) ? value : NULL,
      );
    else if (type === plain && heap.typeOf(value).name === "str") heap.setRef(into, plain.fields.a, value);
    else if (type === wide) {
      heap.setRef(into, wide.fields.a, value);
      if (heap.length(into) > 0) heap.setItem(into, pick(heap.length(into)), value);
    } else if (type.name === "list") heap.lists.append(into, value);
    else if (type.name === "dict") heap.dicts.set(into, any(), value);
  };
  const step = (): void => {
    const kind = pick(16);
    if (kind < 4 && roots.length < 40) {
      const made = make();
      if (!heap.isImmortal(made)) roots.push(made);
    } else if (kind < 9) store(any(), any());
    else if (kind < 12 && roots.length > 0) {
      const dropped = roots.splice(pick(roots.length), 1)[0]!;
      heap.decref(dropped);
    } else if (kind === 12 && weak.length < 40) {
      const target = any();
      if (isRecord(target)) weak.push(heap.weakref(target, pick(2) ? meddle : undefined));
    } else if (kind === 13 && weak.length > 0) {
      if (pick(2)) heap.decref(weak.splice(pick(weak.length), 1)[0]!);
      else {
        const target = heap.deref(weak[pick(weak.length)]!);
        if (target !== NULL) roots.push(target);
      }
    } else if (kind === 14) heap.gc(pick(3) as 0);
    else if (kind === 15 && roots.length > 0 && pick(4) === 0) heap.finalize(any(), meddle).atexit = false;
  };
  for (let i = 0; i < 2000; i++) {
    if (isScarce && i % 200 === 0) leave([0, 1, 3, 10, Infinity][pick(5)]!);
    succeeds(step);
    if (i % 50 === 0) {
      heap.verify();
      compareRoots(heap, [...roots, ...weak]);
      while (roots.length > 60) heap.decref(roots.pop()!);
    }
  }
  expect(unraisable).toEqual([]);
  isEnding = true;
  leave(Infinity);
  release(heap, ...roots, ...weak);
  while (heap.gc() > 0);
}
