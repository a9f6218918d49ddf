import { expect, test, describe } from "vitest";
import { Heap, type LeakReport } from "../../bindings/index.js";
import { builds } from "../support/cores.js";

/** What objects own outside of them is theirs in the restored heap too: it goes when they die there. */
describe.each(builds)("owned bytes in an image, $name core", ({ create }) => {
  const filled = () => {
    const heap = create({ autoCollect: false, onLeak: () => {} });
    const Buffer = heap.defineType({ name: "Buffer", fields: { data: "block", more: "block", next: "ref" } });
    const owner = heap.alloc(Buffer);
    const blocks = [heap.malloc(100), heap.malloc(100_000)] as const;
    heap.bytes(blocks[0], 100).fill(1);
    heap.bytes(blocks[1], 100_000).fill(2);
    heap.setBlock(owner, Buffer.fields.data, blocks[0]);
    heap.setBlock(owner, Buffer.fields.more, blocks[1]);
    heap.adjustExternalBytes(owner, 5000);
    return { heap, owner, blocks };
  };

  test.each(["by its count", "as part of a cycle"])("an owner that dies %s takes its blocks along", (way) => {
    const { heap, owner, blocks } = filled();
    const reports: LeakReport[] = [];
    const copy = Heap.restore(heap.snapshot(), {
      autoCollect: false,
      onLeak: (report) => reports.push(report),
    });
    const { fields } = copy.typeNamed("Buffer")! as ReturnType<typeof heap.typeOf> & {
      fields: Record<"data" | "more" | "next", never>;
    };
    expect(copy.getBlock(owner, fields.data)).toBe(blocks[0]);
    expect(copy.bytes(blocks[1], 100_000).every((byte) => byte === 2)).toBe(true);
    expect(copy.adjustExternalBytes(owner, 0)).toBe(5000);
    copy.verify();
    if (way === "as part of a cycle") {
      copy.setRef(owner, fields.next, owner);
      copy.decref(owner);
      expect(copy.gc()).toBe(1);
    } else copy.decref(owner);
    copy.verify();
    // Both blocks are gone, and the heap that the image was made of has its own.
    copy.dispose();
    expect(reports).toEqual([]);
    expect(heap.bytes(blocks[0], 100).every((byte) => byte === 1)).toBe(true);
    expect(heap.adjustExternalBytes(owner, 0)).toBe(5000);
    heap.decref(owner);
    heap.verify();
    heap.dispose();
  });

  test("a block can be taken back from its owner", () => {
    const { heap, owner, blocks } = filled();
    const copy = Heap.restore(heap.snapshot(), { onLeak: () => {} });
    const { fields } = copy.typeNamed("Buffer")! as ReturnType<typeof heap.typeOf> & {
      fields: Record<"data", never>;
    };
    expect(copy.takeBlock(owner, fields.data)).toBe(blocks[0]);
    copy.free(blocks[0]);
    copy.decref(owner);
    copy.verify();
    copy.dispose();
    heap.dispose();
  });

  test("a type that the host traverses is found again, and its function added anew", () => {
    const heap = create({ autoCollect: false, onLeak: () => {} });
    const Proxy = heap.defineType({ name: "Proxy", fields: { id: "i32", next: "ref" } });
    heap.addTraverse(Proxy, () => {});
    const object = heap.alloc(Proxy);
    const copy = Heap.restore(heap.snapshot(), { autoCollect: false, onLeak: () => {} });
    const seen: number[] = [];
    copy.addTraverse(copy.typeNamed("Proxy")!, (p) => void seen.push(p));
    copy.gc();
    expect(seen).toContain(object);
    copy.decref(object);
    copy.verify();
    copy.dispose();
    heap.dispose();
  });
});
