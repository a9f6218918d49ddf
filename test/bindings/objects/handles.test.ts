import { afterEach, describe, expect, test, vi } from "vitest";
import type { Handle, HeapOptions, Ptr, Scope } from "../../../bindings/index.js";
import { objectLayerOf } from "../../../bindings/heap/record-heap.js";
import { run } from "../../project/repository.js";
import { builds, errorOf, expectRefused, MIB } from "../../support/cores.js";
import { NULL, fillUp, newHeap, release } from "../../support/objects.js";

afterEach(() => vi.restoreAllMocks());

describe.each(builds)("scopes, $name core", (build) => {
  test("what belongs to a scope is released newest first, and what escaped is not", () => {
    const heap = newHeap(build);
    const order: string[] = [];
    const kept = heap.scope((s) => {
      const first = s.own(heap.float(1));
      const second = s.adopt(heap.float(2));
      s.defer(() => order.push("deferred"));
      s.adopt("text", (text) => order.push(text));
      s.use(null);
      expect([heap.refcount(first), heap.refcount(second)]).toEqual([1, 1]);
      return s.escape(first);
    });
    expect(order).toEqual(["text", "deferred"]);
    expect(heap.toJS(kept)).toBe(1);
    kept.dispose();
  });

  test("several failures are reported together, and stop nothing", () => {
    const heap = newHeap(build);
    const fail = (message: string) => () => {
      throw new Error(message);
    };
    const run = (): void =>
      heap.scope((s) => {
        s.adopt(heap.float(1));
        s.defer(fail("second"));
        s.defer(fail("first"));
        fail("body")();
      });
    let caught: unknown;
    try {
      run();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(AggregateError);
    expect((caught as AggregateError).errors.map(String)).toEqual([
      "Error: body",
      "Error: first",
      "Error: second",
    ]);
  });

  test("move hands everything to another scope", async () => {
    const heap = newHeap(build);
    const moved = await heap.scopeAsync(async (s) => {
      s.own(heap.float(1));
      await Promise.resolve();
      const other = s.move();
      expect(errorOf(() => s.defer(() => {})).code).toBe("ERR_HEAP_USE_AFTER_DISPOSE");
      return other;
    });
    expect(moved.disposed).toBe(false);
    moved.dispose();
    moved.dispose();
    expect(moved.disposed).toBe(true);
  });

  test("[Symbol.dispose] is dispose", () => {
    const heap = newHeap(build);
    const handle = heap.own(heap.float(1));
    handle[Symbol.dispose]();
    expect(handle.disposed).toBe(true);
  });
});

describe.each(builds)("what takes a reference over, $name core", (build) => {
  const setUp = (options?: HeapOptions) => {
    const heap = newHeap(build, options);
    const Box = heap.defineType({ name: "Box", fields: { held: "ref" } });
    const box = heap.alloc(Box);
    const ways: [name: string, take: (handle: Handle) => void, release: () => void][] = [
      [
        "stealRef",
        (handle) => heap.stealRef(box, Box.fields.held, handle),
        () => heap.setRef(box, Box.fields.held, NULL),
      ],
      ["own", (handle) => void (own = heap.own(handle)), () => own!.dispose()],
      ["scope.adopt", (handle) => void outer.adopt(handle), () => outer.dispose()],
      ["scope.own", (handle) => void outer.own(handle), () => outer.dispose()],
      ["decref", (handle) => heap.decref(handle), () => {}],
    ];
    let own: Handle | undefined;
    let outer!: Scope;
    heap.scope((scope) => (outer = scope.move()));
    return { heap, box, ways };
  };

  test.each([0, 1, 2, 3, 4])("takes it from a handle (way %i)", (index) => {
    const { heap, box, ways } = setUp();
    const { handles } = objectLayerOf(heap);
    const [name, take, giveBack] = ways[index]!;
    const object = heap.list();
    const other = heap.own((heap.incref(object), object));
    const handle = heap.own(object);
    take(handle);
    const taken = name === "decref" ? 1 : 2;
    expect([handle.disposed, heap.refcount(object)]).toEqual([true, taken]);
    // The handle is out of the net: what is left is the other one, and the new one of `own`.
    expect(handles.records.length).toBe(name === "own" || name === "scope.own" ? 2 : 1);
    handle.dispose();
    expect(heap.refcount(object)).toBe(taken);
    expectRefused(heap, "ERR_HEAP_USE_AFTER_DISPOSE", () => take(handle));
    giveBack();
    expect([other.disposed, heap.refcount(object)]).toEqual([false, 1]);
    other.dispose();
    heap.decref(box);
  });

  test.each([0, 1, 2, 3, 4])("takes nothing from the handle if it throws (way %i)", (index) => {
    const { heap, box, ways } = setUp();
    const foreign = newHeap(build);
    const handle = foreign.own(foreign.list());
    expectRefused(heap, "ERR_HEAP_FOREIGN_HANDLE", () => ways[index]![1](handle));
    expect(foreign.refcount(handle)).toBe(1);
    handle.dispose();
    const own = heap.own(heap.list());
    expectRefused(heap, "ERR_HEAP_TYPE", () => heap.stealRef(heap.none, 0 as never, own));
    own.dispose();
    heap.decref(box);
  });

  test("adopt gives the pointer, which escape takes back", () => {
    const heap = newHeap(build);
    const handle = heap.own(heap.float(1));
    const { ptr } = handle;
    const kept = heap.scope((s) => {
      expect(s.adopt(handle)).toBe(ptr);
      return s.escape(ptr);
    });
    expect(heap.refcount(kept)).toBe(1);
    heap.decref(kept);
  });
});

describe.each(builds)("forgotten handles, $name core", (build) => {
  test.each(["collect", "warn"] as const)("%s: the reference is released at the next call", (mode) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const heap = newHeap(build, { forgottenHandles: mode });
    const died: string[] = [];
    const object = heap.float(1);
    heap.finalize(object, () => died.push("died"));
    heap.own(object);
    const { handles } = objectLayerOf(heap);
    handles.lose(handles.records[0]!);
    expect(died).toEqual([]);
    heap.decref(heap.float(2));
    expect(died).toEqual(["died"]);
    expect(handles.records.length).toBe(0);
    expect(warn.mock.calls.length).toBe(mode === "warn" ? 1 : 0);
    if (mode === "warn") expect(String(warn.mock.calls[0])).toContain("float at 0x");
  });
});

describe.each(builds)("dispose, $name core", (build) => {
  test("tells who holds what", () => {
    const onLeak = vi.fn();
    const heap = build.create({ onLeak });
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" } });
    const first = heap.alloc(Node);
    heap.setRef(first, Node.fields.next, heap.str("held twice"));
    heap.own(first);
    heap.dispose();
    const report = onLeak.mock.calls[0]![0];
    expect(report).toMatchObject({ blocks: 0, bytes: 0, objects: 2, handles: 1 });
    expect(report.held).toMatchObject([
      { type: "Node", references: 1, handles: 1 },
      { type: "str", references: 1, handles: 0 },
    ]);
    expect(report.held[0].handleStacks.length).toBe(build.name === "debug" ? 1 : 0);
  });

  test("runs what finalize still has, newest first, and says nothing if nothing is held", () => {
    const onLeak = vi.fn();
    const heap = build.create({ onLeak });
    const order: number[] = [];
    const object = heap.list();
    const finalizers = [1, 2, 3].map((n) => heap.finalize(object, () => order.push(n)));
    finalizers[1]!.atexit = false;
    heap.makeImmortal(object);
    heap.dispose();
    expect(order).toEqual([3, 1]);
    expect(onLeak).not.toHaveBeenCalled();
  });
});

describe("handles that the host really collects", () => {
  const script = `
    import { createHeap } from "tallyheap";
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
    const outcome = {};
    for (const forgottenHandles of ["off", "collect", "warn"]) {
      let warnings = 0;
      console.warn = () => warnings++;
      const heap = createHeap({ forgottenHandles });
      const list = heap.list();
      heap.incref(list);
      let gone = false;
      const registry = new FinalizationRegistry(() => (gone = true));
      (() => registry.register(heap.own(list)))();
      for (let i = 0; i < 1000 && !gone; i++) await wait(gc());
      await wait();
      outcome[forgottenHandles] = [gone, heap.refcount(list), warnings];
    }
    console.log(JSON.stringify(outcome));
  `;

  test("keep their reference, give it back, or say so too", async () => {
    const args = ["--expose-gc", "--input-type=module", "--eval", script];
    const { code, stdout, stderr } = await run(process.execPath, args);
    expect([code, stderr]).toEqual([0, ""]);
    const [off, collect, warn] = [
      [true, 2, 0],
      [true, 1, 0],
      [true, 1, 1],
    ];
    expect(JSON.parse(stdout)).toEqual({ off, collect, warn });
  });
});

describe("memory of a heap that was disposed of", () => {
  const script = (entry: string): string => `
    import { createHeap } from "${entry}";
    import { checkpoint, stress } from "tallyheap/testing";
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
    const memories = [];
    WebAssembly.Memory = class extends WebAssembly.Memory {
      constructor(limits) {
        super(limits);
        memories.push(new WeakRef(this));
      }
    };
    const lives = () => memories.filter((memory) => memory.deref() !== undefined).length;
    const use = (heap) => {
      // A stack that came by way of the core holds on to the core, and with it to the memory.
      const made = [];
      const Node = heap.defineType({ name: "Node", fields: { next: "ref" }, weakrefs: true, finalize: (p) => {
        heap.free(heap.malloc(8));
        made.push(heap.own(heap.list()), heap.scope((s) => { s.own(heap.list()); return s.move(); }));
        made.push(heap.own(heap.list()));
        made.at(-1).dispose();
      } });
      const node = heap.alloc(Node);
      const block = heap.malloc(100);
      const kept = [made, heap, Node, heap.statsView, heap.collector, heap.lists, heap.dicts, heap.strs, checkpoint(heap)];
      kept.push(heap.own(node), heap.weakValueMap([[1, node]]), heap.weakKeyMap([[node, 1]]), heap.weakSet([node]));
      kept.push(heap.finalize(node, () => heap.stats()), heap.dicts.keys(heap.dict([[heap.int(1), heap.none]])));
      heap.scope((s) => kept.push(s.move()));
      heap.decref(heap.alloc(Node));
      heap.fromJS({ a: [1, 2.5, "text", new Uint8Array(3)] });
      try { heap.free(block + 8); } catch {}
      for (let i = 0; i < 2000; i++) {
        heap.decref(heap.list([heap.none]));
        heap.free(heap.malloc(16));
        heap.setRef(node, Node.fields.next, heap.none);
      }
      heap.bytes(block, 100).fill(1);
      heap.malloc(4 << 20);
      heap.gc();
      heap.verify();
      return kept;
    };
    const variants = [() => {}, (heap) => heap.trim(), (heap) => heap.reset(), (heap) => stress(heap, 3)];
    const kept = [];
    for (const variant of variants) {
      const heap = createHeap({ onLeak: () => {} });
      kept.push(heap, use(heap));
      variant(heap);
      heap.decref(heap.list());
      heap.dispose();
    }
    const before = memories.length;
    for (let i = 0; i < 100 && lives() > 0; i++) {
      await wait(); // what deref() gave is held to the end of the job
      gc();
    }
    console.log(JSON.stringify([kept.length, before, lives()]));
  `;

  test.each(["tallyheap", "tallyheap/debug"])("%s: is let go of, whoever holds the heap", async (entry) => {
    const args = ["--expose-gc", "--input-type=module", "--eval", script(entry)];
    const { code, stdout, stderr } = await run(process.execPath, args);
    expect([code, stderr]).toEqual([0, ""]);
    // One memory for each heap, and one that trim() moved to.
    expect(JSON.parse(stdout)).toEqual([8, 5, 0]);
  });
});

describe.each(builds)("reset, $name core", (build) => {
  test.skipIf(build.name === "hardened")(
    "a scope that adopted a reference does not release what lives at its address afterwards",
    () => {
      const heap = newHeap(build);
      const kept = heap.scope((s) => {
        const address = s.adopt(heap.list());
        heap.reset();
        const list = heap.list();
        expect(list).toBe(address);
        return list;
      });
      expect(heap.refcount(kept)).toBe(1);
      heap.decref(kept);
    },
  );

  test("an iterator over a dict ends with it", () => {
    const heap = newHeap(build);
    const makeDict = (): Ptr => heap.dict([0, 1, 2].map((i) => [heap.int(i), heap.none]));
    for (const before of [0, 1]) {
      for (const refill of [() => {}, makeDict]) {
        const dict = makeDict();
        const iterators = [heap.dicts.keys(dict), heap.dicts.entries(dict)];
        for (const iterator of iterators) for (let i = 0; i < before; i++) iterator.next();
        heap.reset();
        refill();
        for (const iterator of iterators) {
          expect(errorOf(() => iterator.next()).code).toBe("ERR_HEAP_USE_AFTER_FREE");
        }
        heap.reset();
      }
    }
  });

  test("a scope whose heap is disposed of ends in silence", () => {
    const heap = build.create({ onLeak: () => {} });
    heap.scope((s) => {
      s.adopt(heap.list());
      s.own(heap.list());
      heap.dispose();
    });
  });

  test("types survive, handles and weak maps are empty", () => {
    const heap = newHeap(build);
    const Node = heap.defineType({ name: "Node", fields: { next: "ref" }, weakrefs: true });
    const node = heap.alloc(Node);
    const handle = heap.own(node);
    const map = heap.weakValueMap([["a", node]]);
    const keys = heap.weakKeyMap([[node, "a"]]);
    const set = heap.weakSet([node]);
    heap.reset();
    expect([map.size, keys.size, set.size]).toEqual([0, 0, 0]);
    expect([...map, ...keys, ...set]).toEqual([]);
    expect(handle.disposed).toBe(true);
    handle.dispose();
    expect(map.get("a")).toBe(undefined);
    map.clear();
    const again = heap.alloc(Node);
    expect(heap.typeOf(again)).toBe(Node);
    expect(heap.getRef(again, Node.fields.next)).toBe(NULL);
    heap.decref(again);
    heap.verify();
  });

  test("a handle that the host collects afterwards owns nothing", () => {
    const heap = newHeap(build, { forgottenHandles: "collect" });
    heap.own(heap.int(7000));
    const { handles } = objectLayerOf(heap);
    const [record] = handles.records;
    heap.reset();
    const ints = Array.from({ length: 5 }, (_, i) => heap.int(6000 + i));
    handles.lose(record!);
    expect(ints.map((int) => heap.refcount(int))).toEqual([1, 1, 1, 1, 1]);
    release(heap, ...ints);
  });

  test("without memory for the types it is done once there is some", () => {
    const heap = newHeap(build, { initialBytes: MIB, maxBytes: MIB });
    const fields = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, "ref"] as const));
    const types = Array.from({ length: 600 }, (_, i) => heap.defineType({ name: `T${i}`, fields }));
    heap.reset();
    const blocks = fillUp(heap);
    for (const block of blocks.splice(0, 20)) heap.free(block);
    expect(errorOf(() => heap.int(5000)).code).toBe("ERR_HEAP_OOM");
    expect(errorOf(() => heap.int(5000)).code).toBe("ERR_HEAP_OOM");
    for (const block of blocks) heap.free(block);
    const last = heap.alloc(types[599]!);
    expect(heap.typeOf(last)).toBe(types[599]);
    heap.decref(last);
  });
});
