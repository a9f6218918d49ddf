/** A reference that somebody releases without owning it, to an object that its own references keep. */
import { describe, expect, test } from "vitest";
import type { Heap, HeapError, Ptr } from "../../../bindings/index.js";
import { allBuilds } from "../../support/cores.js";

/** What each makes is kept by references from itself, or from what it alone holds. */
const shapes: Readonly<Record<string, (heap: Heap) => Ptr>> = {
  "a record that holds itself": (heap) => {
    const { Node, next } = nodeType(heap);
    const node = heap.alloc(Node);
    heap.stealRef(node, next, node);
    return node;
  },
  "a list that holds itself": (heap) => {
    const list = heap.list();
    heap.lists.append(list, list);
    heap.decref(list);
    return list;
  },
  "a dict that holds itself": (heap) => {
    const dict = heap.dict();
    const key = heap.int(1);
    heap.dicts.set(dict, key, dict);
    heap.decref(key);
    heap.decref(dict);
    return dict;
  },
  "a record that is weakly referred to": (heap) => {
    const { Node, next } = nodeType(heap);
    const node = heap.alloc(Node);
    heap.weakref(node);
    heap.stealRef(node, next, node);
    return node;
  },
  "two records": (heap) => {
    const { Node, next, other } = nodeType(heap);
    const [first, second] = [heap.alloc(Node), heap.alloc(Node)];
    heap.stealRef(first, next, second);
    heap.setRef(first, other, heap.none);
    heap.stealRef(second, next, first);
    return first;
  },
  "a ring that is met again while it dies": (heap) => {
    const { Node, next, other } = nodeType(heap);
    const nodes = [0, 1, 2, 3].map(() => heap.alloc(Node));
    nodes.forEach((node, i) => {
      // What is left behind the slot keeps a node from being released before its child.
      heap.stealRef(node, other, heap.list([heap.none]));
      if (i > 0) heap.stealRef(nodes[i - 1]!, next, node);
    });
    // Back to one that has a parent when it is met again.
    heap.setRef(nodes[3]!, next, nodes[1]!);
    heap.decref(nodes[1]!);
    return nodes[0]!;
  },
};

function codeOf(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    return (error as HeapError).code;
  }
}

function nodeType(heap: Heap) {
  const Node = heap.defineType({ name: "Node", fields: { next: "ref", other: "ref" }, weakrefs: true });
  return { Node, ...Node.fields };
}

describe.each(allBuilds)("released too often, $name core", ({ create }) => {
  test.each(Object.entries(shapes))("%s", (_, make) => {
    const heap = create({ autoCollect: false });
    const object = make(heap);
    expect(codeOf(() => heap.decref(object))).toBe("ERR_HEAP_DOUBLE_FREE");
    const lists = Array.from({ length: 8 }, () => heap.list());
    const dicts = Array.from({ length: 8 }, () => heap.dict());
    const { Node } = nodeType(heap);
    const nodes = Array.from({ length: 8 }, () => heap.alloc(Node));
    const made = [...lists, ...dicts, ...nodes];
    expect(new Set(made).size).toBe(made.length);
    for (const p of made) heap.decref(p);
    heap.verify();
  });

  test("is told although a finalizer of the same death meets an error of its own", () => {
    const heap = create({ autoCollect: false });
    const { Node, next, other } = nodeType(heap);
    const codes: string[] = [];
    const Watched = heap.defineType({
      name: "Watched",
      finalize: () =>
        void codes.push(
          codeOf(() => heap.free(4096 as Ptr)),
          codeOf(() => heap.malloc(100) && ""),
        ),
    });
    const node = heap.alloc(Node);
    heap.setRef(node, next, node);
    heap.stealRef(node, other, heap.alloc(Watched));
    heap.decref(node);
    expect(codeOf(() => heap.decref(node))).toBe("ERR_HEAP_DOUBLE_FREE");
    expect(codes[1]).toBe("");
    heap.verify();
  });

  test("does not keep the other references of a range from being released", () => {
    const heap = create({ autoCollect: false });
    const { Node, next } = nodeType(heap);
    const node = heap.alloc(Node);
    heap.stealRef(node, next, node);
    const lists = [heap.list(), heap.list()];
    expect(codeOf(() => heap.releaseRange([lists[0]!, node, lists[1]!]))).toBe("ERR_HEAP_DOUBLE_FREE");
    expect(heap.collector.objects()).toEqual([]);
  });
});
