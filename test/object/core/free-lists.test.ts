import { describe, expect, test } from "vitest";
import { coreOf } from "../../../bindings/heap/heap.js";
import type { Heap, Ptr } from "../../../bindings/index.js";
import { builds, MIB, release as releaseBuild } from "../../support/cores.js";
import { manualHeap } from "../../support/objects.js";

const MILLION = 1_000_000;

/** The integers of old CPythons: what is freed stays with the type for ever. */
function hoarder(heap: Heap) {
  return heap.defineType({ name: "OldInt", fields: { value: "i64" }, acyclic: true, freeList: Infinity });
}

function cached(heap: Heap, name: string): number {
  return heap.freeLists().find((list) => list.name === name)?.count ?? 0;
}

/** Bytes of the block of an object, as the allocator has it. */
function blockBytes(heap: Heap, p: Ptr): number {
  return coreOf(heap).exports.malloc_usable_size(p) >>> 0;
}

/** Allocates a million objects and frees them; their addresses. */
function fillAndFree(heap: Heap, make: () => Ptr): Set<number> {
  const objects = Array.from({ length: MILLION }, make);
  for (const object of objects) heap.decref(object);
  return new Set(objects);
}

describe("a million freed integers, cap Infinity", () => {
  /** Allocates a million floats: how many lie where an integer lay. */
  function floatsWithin(heap: Heap, addresses: Set<number>): number {
    const floats = Array.from({ length: MILLION }, (_, i) => heap.float(i + 0.5));
    const within = floats.filter((float) => addresses.has(float)).length;
    for (const float of floats) heap.decref(float);
    return within;
  }

  test("floats cannot have their blocks until the list is emptied", () => {
    const heap = manualHeap(releaseBuild);
    const OldInt = hoarder(heap);
    const addresses = fillAndFree(heap, () => heap.alloc(OldInt));
    expect(cached(heap, "OldInt")).toBe(MILLION);
    expect(floatsWithin(heap, addresses)).toBe(0);
    expect(cached(heap, "OldInt")).toBe(MILLION);
    heap.clearFreeLists();
    expect(cached(heap, "OldInt")).toBe(0);
    expect(floatsWithin(heap, addresses)).toBeGreaterThan(MILLION / 4);
  });

  test("the type itself has them again", () => {
    const heap = manualHeap(releaseBuild);
    const OldInt = hoarder(heap);
    const addresses = fillAndFree(heap, () => heap.alloc(OldInt));
    const again = fillAndFree(heap, () => heap.alloc(OldInt));
    expect([...again].every((address) => addresses.has(address))).toBe(true);
    heap.clearFreeLists();
  });

  test("the list is emptied before an allocation fails", () => {
    const heap = manualHeap(releaseBuild, { maxBytes: 24 * MIB });
    const OldInt = hoarder(heap);
    fillAndFree(heap, () => heap.alloc(OldInt));
    expect(cached(heap, "OldInt")).toBe(MILLION);
    const floats = Array.from({ length: MILLION }, (_, i) => heap.float(i + 0.5));
    expect(cached(heap, "OldInt")).toBe(0);
    for (const float of floats) heap.decref(float);
  });

  test("a full collection empties it, a younger one does not", () => {
    const heap = manualHeap(releaseBuild);
    const OldInt = hoarder(heap);
    fillAndFree(heap, () => heap.alloc(OldInt));
    heap.gc(0);
    heap.gc(1);
    expect(cached(heap, "OldInt")).toBe(MILLION);
    heap.gc(2);
    expect(cached(heap, "OldInt")).toBe(0);
  });
});

// The allocator of the debug core answers for the blocks of the host only.
test("the bytes of a list are those of the blocks", () => {
  const heap = manualHeap(releaseBuild);
  for (const fields of [1, 60, 63, 64, 70, 300, 2000]) {
    const name = `Record${fields}`;
    const refs = Object.fromEntries(Array.from({ length: fields }, (_, i) => [`f${i}`, "f64"] as const));
    const Record = heap.defineType({ name, fields: refs, freeList: 3 });
    const objects = Array.from({ length: 3 }, () => heap.alloc(Record));
    const bytes = objects.reduce((sum, p) => sum + blockBytes(heap, p), 0);
    for (const object of objects) heap.decref(object);
    expect(heap.freeLists().find((list) => list.name === name)).toEqual({ name, count: 3, bytes });
  }
  // Blocks of several sizes: short lists have their items inside.
  for (const name of ["tuple", "list"] as const) {
    const rows = [1, 2, 5, 20].map((length) => heap[name](new Array<Ptr>(length).fill(heap.none)));
    const bytes = rows.reduce((sum, p) => sum + blockBytes(heap, p), 0);
    for (const row of rows) heap.decref(row);
    expect(heap.freeLists().find((list) => list.name === name)).toEqual({ name, count: 4, bytes });
  }
});

// The hardened core has no private free lists.
const caching = builds.filter(({ name }) => name !== "hardened");

describe.each(caching)("caps, $name core", (build) => {
  test.each([0, 1, 80])("a list of at most %i", (freeList) => {
    const heap = manualHeap(build);
    const Record = heap.defineType({ name: "Record", fields: { a: "ref", b: "i32" }, freeList });
    const objects = Array.from({ length: 200 }, () => heap.alloc(Record));
    for (const object of objects) heap.decref(object);
    expect(cached(heap, "Record")).toBe(freeList);
    // What comes off the list is as good as new.
    for (const object of Array.from({ length: 200 }, () => heap.alloc(Record))) {
      expect([heap.refcount(object), heap.getRef(object, Record.fields.a)]).toEqual([1, 0]);
      expect(heap.getI32(object, Record.fields.b)).toBe(0);
      heap.setI32(object, Record.fields.b, -1);
      heap.decref(object);
    }
    heap.verify();
  });

  test("floats are handed out again, last freed first", () => {
    const heap = manualHeap(build);
    const floats = [1.5, 2.5, 3.5].map((x) => heap.float(x));
    for (const float of floats) heap.decref(float);
    const again = [4.5, 5.5, 6.5].map((x) => heap.float(x));
    expect(again).toEqual([...floats].reverse());
    expect(again.map((float) => heap.toJS(float))).toEqual([4.5, 5.5, 6.5]);
    for (const float of again) heap.decref(float);
  });
});
