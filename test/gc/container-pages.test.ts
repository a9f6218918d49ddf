/** What a collection knows of pages must be true of them: references to pages without containers are not looked at. */
import { describe, expect, test } from "vitest";
import { CONTAINER_PAGES, PAGE_BYTES } from "../../bindings/generated/layout.js";
import type { Heap, Ptr } from "../../bindings/index.js";
import { builds, errorOf, MIB } from "../support/cores.js";
import { manualHeap, release, setCount } from "../support/objects.js";

/** Records of `bytes` bytes that refer to each other in pairs: one of each, owned. */
function cycles(heap: Heap, pairs: number, bytes: number): Ptr[] {
  const fields = Object.fromEntries(
    Array.from({ length: (bytes - 8) / 4 }, (_, i) => [`f${i}`, "ref" as const]),
  );
  const Pair = heap.defineType({ name: `Pair${bytes}`, fields });
  const { f0 } = Pair.fields;
  return Array.from({ length: pairs }, () => {
    const [a, b] = [heap.alloc(Pair), heap.alloc(Pair)];
    heap.setRef(a, f0!, b);
    heap.setRef(b, f0!, a);
    heap.decref(b);
    return a;
  });
}

describe.each(builds)("pages of containers, $name core", (build) => {
  test.each([0, 1, 2] as const)(
    "pages that change hands: generation %i finds all pairs each time",
    (generation) => {
      const heap = manualHeap(build);
      for (let round = 0; round < 4; round++) {
        // 16 and 24 bytes are what numbers and short strs take, too.
        for (const bytes of [16, 24, 400]) {
          release(heap, ...cycles(heap, 1000, bytes));
          heap.verify();
          expect(heap.gc(generation)).toBe(2000);
          heap.verify();
          const others = Array.from({ length: 3000 }, (_, i) =>
            i % 2 ? heap.float(i) : heap.str(`number ${i}`),
          );
          heap.clearFreeLists();
          release(heap, ...others);
          heap.clearFreeLists();
        }
      }
      heap.dispose();
    },
  );

  test("a collection that was refused leaves the next one right", () => {
    const heap = manualHeap(build);
    const damaged = heap.list();
    for (let i = 0; i < 3; i++) heap.lists.append(damaged, damaged);
    const count = heap.refcount(damaged);
    for (let round = 0; round < 3; round++) {
      const pairs = cycles(heap, 2000, 24);
      setCount(heap, damaged, 1);
      expect(errorOf(() => heap.gc()).code).toBe("ERR_HEAP_CORRUPT");
      expect(errorOf(() => heap.verify())).toMatchObject({
        address: damaged,
        expected: count - 1,
        actual: 1,
      });
      setCount(heap, damaged, count);
      release(heap, ...pairs);
      expect(heap.gc()).toBe(4000);
      heap.verify();
    }
    heap.decref(damaged);
    expect(heap.gc()).toBe(1);
    heap.dispose();
  });

  test("pages whose numbers share an entry of the table", () => {
    const heap = manualHeap(build);
    const share = CONTAINER_PAGES * PAGE_BYTES;
    expect(share).toBe(128 * MIB);
    const low = heap.list();
    const hole = heap.malloc(share);
    const far = cycles(heap, 200_000, 24);
    expect(far.some((p) => p > low + share)).toBe(true);
    expect(heap.gc()).toBe(0);
    // Too many for the arguments of one call.
    for (const p of far) heap.decref(p);
    expect(heap.gc()).toBe(400_000);
    heap.free(hole);
    heap.decref(low);
    heap.verify();
    heap.dispose();
  });
});
