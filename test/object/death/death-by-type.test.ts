import { describe, expect, test } from "vitest";
import type { Field, Heap, Ptr } from "../../../bindings/index.js";
import { builds } from "../../support/cores.js";
import { NULL, manualHeap, newHeap, randomFrom, release, seedOf, setCount } from "../../support/objects.js";

function pairType(heap: Heap) {
  return heap.defineType({ name: "Pair", fields: { left: "ref", right: "ref" } });
}

/** Releases the last reference to what holds `child`, to which more references were released than anybody had. */
function expectOverreleased(heap: Heap, holder: Ptr, child: Ptr): void {
  expect(() => heap.decref(holder)).toThrow(
    expect.objectContaining({ code: "ERR_HEAP_DOUBLE_FREE", ptr: child }),
  );
}

describe.each(builds)("deaths of records and lists, $name core", (build) => {
  test("random records, most without finalizers, against plain recursion", () => {
    const seed = seedOf("deaths of records");
    const random = randomFrom(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const heap = newHeap(build);
    const died: number[] = [];
    const Watched = heap.defineType({
      name: "Watched",
      fields: { id: "i32" },
      finalize: (self) => void died.push(heap.getI32(self, Watched.fields.id)),
    });
    const records = [
      heap.defineType({ name: "One", fields: { a: "ref" } }),
      heap.defineType({ name: "Two", fields: { a: "ref", b: "ref" } }),
      heap.defineType({ name: "Kept", fields: { a: "ref", b: "ref" }, freeList: 40 }),
      heap.defineType({ name: "Mixed", fields: { n: "i32", a: "ref", x: "f64", b: "ref", c: "ref" } }),
      heap.defineType({ name: "Five", fields: { a: "ref", b: "ref", c: "ref", d: "ref", e: "ref" } }),
    ].map((type) => {
      const slots = Object.entries(type.fields).filter(([name]) => !/[nx]/.test(name));
      return { type, slots: slots.map(([, field]) => field as Field<"ref">) };
    });
    const shared = heap.list([heap.none]);
    let ids = 0;
    let left = 0;
    let kinds = 0;
    /** A tree and the ids of those in it who report their death, in its order. */
    const grow = (depth: number): { root: Ptr; order: number[] } => {
      const kind = left-- <= 0 || depth > 200 ? below(5) : below(kinds);
      if (kind === 0) return { root: NULL, order: [] };
      if (kind === 1) return { root: heap.float(0.5), order: [] };
      if (kind === 2) return { root: (heap.incref(shared), shared), order: [] };
      if (kind <= 4) {
        const root = heap.alloc(Watched);
        heap.setI32(root, Watched.fields.id, ids);
        return { root, order: [ids++] };
      }
      const parts: ReturnType<typeof grow>[] = [];
      if (kind <= 9) {
        for (let i = below(4); i > 0; i--) parts.push(grow(depth + 1));
        const items = parts.map(({ root }) => root).filter((part) => part !== NULL);
        const root = below(4) ? heap.list(items) : heap.tuple(items);
        release(heap, ...items);
        return { root, order: parts.reverse().flatMap(({ order }) => order) };
      }
      const { type, slots } = records[below(records.length)]!;
      const root = heap.alloc(type);
      for (const slot of slots) {
        const part = grow(depth + 1);
        if (part.root !== NULL) heap.stealRef(root, slot, part.root);
        parts.push(part);
      }
      return { root, order: parts.flatMap(({ order }) => order) };
    };
    for (let round = 0; round < 200; round++) {
      // Lists go their own way once their private list is full: every other structure has many.
      kinds = round % 2 ? 24 : 12;
      left = below(round % 2 ? 300 : 1000);
      const { root, order } = grow(0);
      if (root === NULL) continue;
      died.length = 0;
      heap.decref(root);
      expect([seed, round, died]).toEqual([seed, round, order]);
      heap.verify();
    }
    expect(heap.refcount(shared)).toBe(1);
    heap.decref(shared);
    expect(heap.collector.objects()).toEqual([]);
  });

  test.each([
    ["records", "r"],
    ["lists", "l"],
    ["records of lists", "rl"],
    ["lists of records", "lr"],
  ])("%s: a child that was released too often is left alone, and the rest dies", (_, kinds) => {
    const heap = manualHeap(build);
    const Triple = heap.defineType({ name: "Triple", fields: { a: "ref", b: "ref", c: "ref" } });
    const { a, b, c } = Triple.fields;
    const make = (depth: number, parts: readonly Ptr[]): Ptr => {
      if (kinds[depth % kinds.length] === "l") {
        const list = heap.list(parts);
        release(heap, ...parts);
        return list;
      }
      const triple = heap.alloc(Triple);
      for (const [i, part] of parts.entries()) heap.stealRef(triple, [a, b, c][i]!, part);
      return triple;
    };
    const tree = (depth: number): Ptr =>
      make(depth, depth === 0 ? [] : Array.from({ length: 3 }, () => tree(depth - 1)));
    for (const place of [0, 1, 2]) {
      const parts = Array.from({ length: 3 }, () => tree(2));
      const victim = parts[place]!;
      const root = make(3, parts);
      // Lists go their own way once their private list is full.
      release(heap, ...Array.from({ length: 100 }, () => heap.list()));
      setCount(heap, victim, 0);
      expectOverreleased(heap, root, victim);
      setCount(heap, victim, 1);
      heap.verify();
      expect(heap.collector.objects()).toHaveLength(1 + 3 + 9);
      heap.decref(victim);
      expect([heap.collector.objects(), heap.collector.counts[0]]).toEqual([[], 0]);
    }
  });

  test.each(["pair", "triple", "list", "tuple", "list of lists", "list of pairs"])(
    "%s: a child that is free already, because it was released too often, is left alone",
    (kind) => {
      const heap = manualHeap(build);
      const Leaf = heap.defineType({ name: "Leaf", fields: { n: "i32" }, acyclic: true });
      const Pair = pairType(heap);
      const { left, right } = Pair.fields;
      const Triple = heap.defineType({ name: "Triple", fields: { x: "ref", y: "ref", z: "ref" } });
      const hold = (child: Ptr): Ptr => {
        if (kind === "list" || kind === "tuple") return heap[kind]([child]);
        if (kind === "list of lists") {
          const inner = heap.list([child]);
          const outer = heap.list([inner, inner]);
          heap.decref(inner);
          return outer;
        }
        const record = heap.alloc(kind === "triple" ? Triple : Pair);
        if (kind === "triple") heap.setRef(record, Triple.fields.y, child);
        else heap.setRef(record, right, child);
        if (kind !== "list of pairs") return record;
        const pair = heap.alloc(Pair);
        heap.stealRef(pair, left, record);
        const list = heap.list([pair]);
        heap.decref(pair);
        return list;
      };
      // Lists go their own way once their private list is full; free blocks are linked to each other.
      release(heap, ...Array.from({ length: 100 }, () => heap.list()));
      const leaves = Array.from({ length: 9 }, () => heap.alloc(Leaf));
      const child = leaves[4]!;
      const holders = [hold(child), hold(child)];
      release(heap, ...leaves.slice(0, 4), child, child);
      heap.decref(holders[0]!);
      expectOverreleased(heap, holders[1]!, child);
      heap.verify();
      release(heap, ...leaves.slice(5));
      expect(heap.collector.objects()).toEqual([]);
      const again = Array.from({ length: 300 }, () => heap.alloc(Leaf));
      expect(new Set(again).size).toBe(300);
      release(heap, ...again);
    },
  );
});
