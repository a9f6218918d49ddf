import { describe, expect, test } from "vitest";
import { dominators, retainedSizes } from "../../bindings/inspect/dominators.js";
import { BlockIndex, EDGE_INTERNAL, EDGE_WEAK, Graph, NODE_OBJECT } from "../../bindings/inspect/graph.js";
import { NO_VIEWS } from "../../bindings/core/memory.js";
import type { Ptr } from "../../bindings/index.js";
import { at, errorOf, release } from "../support/cores.js";
import { newHeap, release as drop } from "../support/objects.js";
import { Random } from "../support/random.js";

/** A graph of so many nodes of random sizes and edges; node 0 is the root. */
function randomGraph(random: Random): Graph {
  const count = 2 + random.below(40);
  const graph = new Graph({ views: NO_VIEWS, state: 0 }, new BlockIndex(0, 0), count);
  for (let i = 0; i < count; i++) graph.addNode(NODE_OBJECT, 0, i, random.below(100));
  const density = 1 + random.below(4);
  for (let node = 0; node < count; node++) {
    graph.edgeStart[node] = graph.edgeCount;
    const edges = random.below(density + 1);
    graph.reserveEdges(edges);
    for (let i = 0; i < edges; i++)
      graph.addEdge(random.chance(10) ? EDGE_WEAK : EDGE_INTERNAL, 0, random.below(count));
    graph.edgeEnd[node] = graph.edgeCount;
  }
  return graph;
}

/** What the root reaches without a node. */
function reachedWithout(graph: Graph, removed: number): Set<number> {
  const reached = new Set(removed === 0 ? [] : [0]);
  for (const node of reached)
    for (let edge = graph.edgeStart[node]!; edge < graph.edgeEnd[node]!; edge++)
      if (graph.edgeKind[edge] !== EDGE_WEAK && graph.edgeTo[edge] !== removed)
        reached.add(graph.edgeTo[edge]!);
  return reached;
}

test("dominators and retained sizes are those of a naive computation on 200 random graphs", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const graph = randomGraph(new Random(seed));
    const all = reachedWithout(graph, -1);
    const idom = dominators(graph);
    const retained = retainedSizes(graph);
    const dominated = new Map([...all].map((v) => [v, reachedWithout(graph, v)] as const));
    const dominates = (v: number, w: number): boolean => all.has(w) && !dominated.get(v)!.has(w);
    for (const w of all) {
      const size = [...all].filter((x) => dominates(w, x)).reduce((sum, x) => sum + graph.size[x]!, 0);
      expect(retained[w], `seed ${seed}, node ${w}`).toBe(size);
      if (w === 0) continue;
      // The nearest of the strict dominators is the one that all others dominate.
      const strict = [...all].filter((v) => v !== w && dominates(v, w));
      const nearest = strict.find((v) => strict.every((other) => other === v || dominates(other, v)));
      expect(idom[w], `seed ${seed}, node ${w}`).toBe(nearest);
    }
  }
});

/** A tree of records below a list: what each holds is known. */
function smallTree() {
  const heap = newHeap(release);
  const Node = heap.defineType({ name: "Node", fields: { left: "ref", right: "ref" } });
  const [shared, left, right, top] = [0, 1, 2, 3].map(() => heap.alloc(Node)) as [Ptr, Ptr, Ptr, Ptr];
  heap.setRef(left, Node.fields.left, shared);
  heap.setRef(right, Node.fields.left, shared);
  heap.setRef(top, Node.fields.left, left);
  heap.setRef(top, Node.fields.right, right);
  drop(heap, shared, left, right);
  return { heap, Node, shared, left, right, top };
}

describe("retained sizes", () => {
  test("what two hold belongs to neither", () => {
    const { heap, shared, left, right, top } = smallTree();
    const sizes = heap.retainedSizes();
    expect([shared, left, right, top].map((p) => sizes.get(p))).toEqual([16, 16, 16, 64]);
    expect(sizes.get(at(12))).toBeUndefined();
    expect(sizes.has(top)).toBe(true);
    expect(sizes.top(1)).toEqual([{ ptr: top, type: "Node", selfSize: 16, retainedSize: 64 }]);
    expect([...sizes].length).toBe(sizes.size);
    expect(String(sizes)).toContain("Node at 0x");
    drop(heap, top);
  });

  test("a list holds its buffer, a cycle that nobody holds itself", () => {
    const heap = newHeap(release, { autoCollect: false });
    const list = heap.list();
    for (let i = 0; i < 1000; i++) heap.lists.append(list, heap.none);
    expect(heap.retainedSizes().get(list)).toBeGreaterThan(4000);
    heap.lists.append(list, list);
    const [before] = heap.retainedSizes().top(1);
    drop(heap, list);
    expect(heap.retainedSizes().top(1)).toEqual([before]);
    expect(heap.gc()).toBe(1);
  });
});

describe("paths to the roots", () => {
  test("the shortest first, each named edge by edge", () => {
    const { heap, shared, left, top } = smallTree();
    const handle = heap.own(top);
    const paths = heap.pathsToRoot(shared, { limit: 10 });
    expect(paths.map(({ root, steps }) => [root, ...steps.map(({ edge }) => edge)])).toEqual(
      expect.arrayContaining([
        ["(Handles)", "(handle)", ".left", ".left"],
        ["(Handles)", "(handle)", ".right", ".left"],
      ]),
    );
    expect(paths.length).toBe(2);
    expect(paths[0]!.steps.at(-1)).toMatchObject({ ptr: shared, type: "Node" });
    expect(heap.pathsToRoot(shared, { limit: 1 }).length).toBe(1);
    heap.incref(left);
    expect(heap.pathsToRoot(shared)[0]!.root).toBe("(References of the host)");
    expect(String(heap.pathsToRoot(shared)[0])).toMatch(
      /^\(References of the host\)\n {2}\(held\) → Node at 0x\w+\n/,
    );
    drop(heap, left);
    handle.dispose();
  });

  test("through a dict, with its key, and of what only a cycle holds", () => {
    const heap = newHeap(release, { autoCollect: false });
    const value = heap.list();
    const key = heap.str("the key");
    const dict = heap.dict([[key, value]]);
    drop(heap, key, value);
    const path = heap.pathsToRoot(value)[0]!;
    expect(path.steps.map(({ edge }) => edge)).toEqual(["(held)", '["the key"]']);
    heap.lists.append(value, dict);
    drop(heap, dict);
    expect(heap.pathsToRoot(value)[0]!.root).toBe("(Unreachable)");
    heap.gc();
  });

  test("a heap with very many paths is not searched without end", () => {
    const heap = newHeap(release);
    // Layers of which every object holds all of the next: 8 ** 12 paths.
    let layer = [heap.list()];
    const target = layer[0]!;
    heap.incref(target);
    for (let depth = 0; depth < 12; depth++) {
      const next = Array.from({ length: 8 }, () => heap.list(layer));
      drop(heap, ...layer);
      layer = next;
    }
    drop(heap, target);
    expect(heap.pathsToRoot(target, { limit: 3 }).map(({ steps }) => steps.length)).toEqual([13, 13, 13]);
    drop(heap, ...layer);
  });

  test("bad arguments", () => {
    const heap = newHeap(release);
    const list = heap.list();
    expect(errorOf(() => heap.pathsToRoot(list, { limit: -1 })).code).toBe("ERR_HEAP_ARGUMENT");
    expect(heap.pathsToRoot(list, { limit: 0 })).toEqual([]);
    drop(heap, list);
    expect(errorOf(() => heap.pathsToRoot(list)).code).toBe("ERR_HEAP_USE_AFTER_FREE");
  });
});

describe("what grew", () => {
  test("by type, largest first; what did not change is left out", () => {
    const heap = newHeap(release);
    const Node = heap.defineType({ name: "Node", fields: { left: "ref" } });
    const kept = heap.alloc(Node);
    const gone = heap.tuple([kept]);
    const before = heap.census();
    const image = heap.snapshot();
    drop(heap, gone);
    heap.clearFreeLists();
    const more = [heap.alloc(Node), heap.alloc(Node), heap.str("x".repeat(100))];
    const block = heap.malloc(100);
    const diff = heap.diff(before);
    expect([...diff].map(({ type, count }) => [type, count])).toEqual([
      ["str", 1],
      ["block of 112 bytes", 1],
      ["Node", 2],
      ["tuple", -1],
    ]);
    expect(diff.changes.find(({ type }) => type === "Node")).toMatchObject({ countBefore: 1, countAfter: 3 });
    expect(String(diff)).toContain("Node");
    expect([...heap.diff(before, before)]).toEqual([]);
    expect([...heap.diff(image)]).toEqual([...diff]);
    expect([...heap.diff(image, heap.snapshot())]).toEqual([...diff]);
    expect(errorOf(() => heap.diff({} as never)).code).toBe("ERR_HEAP_ARGUMENT");
    expect(errorOf(() => heap.diff(new Uint8Array(64))).code).toBe("ERR_HEAP_CORRUPT");
    drop(heap, kept, ...more);
    heap.free(block);
  });
});
