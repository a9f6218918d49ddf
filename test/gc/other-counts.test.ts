/** What a collection leaves right besides the counts of what it looks at: pressure, immortals, the layer's own blocks. */
import { describe, expect, test } from "vitest";
import type { LeakReport } from "../../bindings/index.js";
import { objectLayerOf } from "../../bindings/heap/record-heap.js";
import { builds } from "../support/cores.js";
import { manualHeap } from "../support/objects.js";

describe.each(builds)("beside a collection, $name core", (build) => {
  test("bytes outside of the heap that no word can count start a collection all the same", () => {
    const heap = build.create({ autoCollect: false });
    const list = heap.list();
    heap.lists.append(list, list);
    const weak = heap.dict();
    const seen = heap.weakSet();
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" }, weakrefs: true });
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.next, node);
    seen.add(node);
    heap.adjustExternalBytes(node, 2 ** 31);
    heap.adjustExternalBytes(list, 2 ** 31);
    heap.decref(node);
    heap.decref(list);
    heap.collector.enable();
    heap.decref(heap.list());
    expect(seen.size).toBe(0);
    heap.decref(weak);
    heap.dispose();
  });

  test("garbage does not touch the count of an immortal", () => {
    const heap = manualHeap(build);
    const { memory } = objectLayerOf(heap);
    const count = () => memory.i32[heap.none >>> 2];
    const before = count();
    const list = heap.list([heap.none, heap.none]);
    heap.lists.append(list, list);
    heap.decref(list);
    expect(heap.gc()).toBe(1);
    expect(count()).toBe(before);
  });

  test("a block that the host forgot is told from buffers of lists that a collection freed", () => {
    const reports: LeakReport[] = [];
    const heap = build.create({ autoCollect: false, onLeak: (report) => reports.push(report) });
    for (let i = 0; i < 3; i++) {
      const list = heap.list();
      for (let n = 0; n < 20; n++) heap.lists.append(list, list);
      heap.decref(list);
    }
    expect(heap.gc()).toBe(3);
    heap.malloc(50);
    heap.dispose();
    expect(reports).toMatchObject([{ blocks: 1 }]);
  });
});
