import { describe, expect, test } from "vitest";
import { coreOf } from "../../bindings/heap/heap.js";
import type { Heap, HeapOptions, Ptr } from "../../bindings/index.js";
import { builds, errorOf, expectRefused, MIB } from "../support/cores.js";
import { NULL, fillUp, manualHeap, newHeap, release } from "../support/objects.js";

describe.each(builds)("when memory is exhausted, $name", (build) => {
  /** Fills the memory with one cycle that nobody holds. */
  function exhaust(heap: Heap): void {
    const first = heap.list([heap.none]);
    let last = first;
    const error = errorOf(() => {
      for (;;) {
        const list = heap.list([last]);
        if (last !== first) heap.decref(last);
        last = list;
      }
    });
    expect(error.code).toBe("ERR_HEAP_OOM");
    heap.lists.set(first, 0, last);
    release(heap, last, first);
  }

  test("there is nothing to collect, freeze or look at before the first object has room", () => {
    const heap = build.create({ maxBytes: 2 * MIB });
    const blocks = fillUp(heap);
    const { collector } = heap;
    expect(heap.gc()).toBe(0);
    collector.freeze();
    expect(collector.freezeCount).toBe(0);
    collector.unfreeze();
    expect(collector.objects()).toEqual([]);
    expect(collector.counts).toEqual([0, 0, 0]);
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.list());
    for (const block of blocks) heap.raw.free(block);
    heap.decref(heap.list());
    heap.verify();
    heap.dispose();
  });

  test("a collection succeeds", () => {
    const heap = manualHeap(build, { maxBytes: 2 * MIB, initialBytes: MIB });
    exhaust(heap);
    const { byteLength } = coreOf(heap).memory.buffer;
    expect(heap.gc()).toBeGreaterThan(1000);
    expect(coreOf(heap).memory.buffer.byteLength).toBe(byteLength);
  });

  test("the pending allocation is served", () => {
    const heap = manualHeap(build, { maxBytes: 2 * MIB, initialBytes: MIB });
    exhaust(heap);
    const bytes = heap.bytesObject(new Uint8Array(MIB / 2));
    expect(heap.collector.stats()[2]!.collected).toBeGreaterThan(1000);
    heap.decref(bytes);
    exhaust(heap);
    heap.free(heap.malloc(MIB / 2));
  });

  /** A heap with so many types that they need memory again after a reset, and but a few pages of it left. */
  function resetAndFull(options: HeapOptions) {
    const heap = manualHeap(build, { maxBytes: MIB, ...options });
    const types = Array.from({ length: 800 }, (_, i) =>
      heap.defineType({ name: `Type${i}`, fields: { a: "ref", b: "ref", c: "ref", d: "ref", e: "ref" } }),
    );
    heap.reset();
    const blocks: Ptr[] = [];
    for (let block = heap.raw.malloc(4096); block !== NULL; block = heap.raw.malloc(4096)) blocks.push(block);
    for (const block of blocks.splice(-12)) heap.free(block);
    return { heap, types, blocks };
  }

  test("the object layer asks for memory before it is there, not half-way", () => {
    const made: unknown[] = [];
    const { heap, types, blocks } = resetAndFull({
      onUnraisable: (error) => made.push(error),
      onMemoryPressure: () => {
        if (blocks.length === 0) return;
        for (const block of blocks.splice(-40)) heap.free(block);
        // The last type is not yet known to the core when memory runs out.
        const object = heap.alloc(types.at(-1)!);
        made.push(heap.typeOf(object).name);
        heap.decref(object);
      },
    });
    heap.decref(heap.list());
    expect(made).toEqual(["Type799"]);
    release(heap, heap.alloc(types.at(-1)!));
    for (const block of blocks) heap.free(block);
  });

  test("a heap whose object layer found no memory still frees and allocates bytes", () => {
    const heard: unknown[] = [];
    const { heap, types, blocks } = resetAndFull({ onUnraisable: (error) => heard.push(error) });
    heap.collector.callbacks.add((phase) => heard.push(phase));
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.list());
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(MIB));
    expect([heap.gc(), ...heard]).toEqual([0]);
    for (const block of blocks) heap.free(block);
    const object = heap.alloc(types.at(-1)!);
    expect(heap.typeOf(object)).toBe(types.at(-1));
    heap.decref(object);
  });

  /** What needs memory, and borrows the list `a` for it. What it makes is a new reference. */
  const BORROWERS: Record<string, (heap: Heap, a: Ptr, b: Ptr, dict: Ptr) => unknown> = {
    "lists.append, the list": (heap, a, b) => heap.lists.append(a, b),
    "lists.append, the item": (heap, a, b) => heap.lists.append(b, a),
    "lists.insert": (heap, a, b) => heap.lists.insert(b, 0, a),
    "lists.delete": (heap, a) => heap.lists.delete(a, 1, 20_000),
    "lists.slice": (heap, a) => heap.lists.slice(a, 0, 20_000),
    "dicts.set, the key": (heap, a, _b, dict) => heap.dicts.set(dict, a, heap.none),
    "dicts.set, the value": (heap, a, _b, dict) => heap.dicts.set(dict, heap.none, a),
  };

  test.each(Object.keys(BORROWERS))("onMemoryPressure drops what %s borrows", (name) => {
    for (const isHelpful of [true, false]) {
      const blocks: Ptr[] = [];
      const held: Ptr[] = [];
      const heap = newHeap(build, {
        maxBytes: MIB,
        onMemoryPressure: () => {
          for (const p of held.splice(0)) heap.decref(p);
          if (isHelpful) free(blocks.splice(0));
          heap.verify();
        },
      });
      const free = (those: readonly Ptr[]): void => those.forEach((block) => heap.free(block));
      const [a, b] = [heap.list(Array(20_000).fill(heap.none)), heap.list(Array(20_000).fill(heap.none))];
      // Full: 2/3 of 1,024 slots.
      const dict = heap.dict();
      for (let i = 0; i < 682; i++) {
        const key = heap.int(1000 + i);
        heap.dicts.set(dict, key, heap.none);
        heap.decref(key);
      }
      held.push(a);
      blocks.push(...fillUp(heap));
      const made: unknown[] = [];
      const request = (): unknown => made.push(BORROWERS[name]!(heap, a, b, dict));
      if (isHelpful) request();
      else expectRefused(heap, "ERR_HEAP_OOM", request);
      expect(held).toEqual([]);
      heap.verify();
      free(blocks.splice(0));
      release(heap, b, dict, ...(made.filter((p) => typeof p === "number") as Ptr[]));
    }
  });

  test("few large objects in cycles do not fill memory", () => {
    const heap = newHeap(build, { maxBytes: 32 * MIB });
    for (let i = 0; i < 60; i++) {
      const list = heap.list(new Array<Ptr>(250_000).fill(heap.none));
      heap.lists.append(list, list);
      heap.decref(list);
    }
    expect(heap.collector.stats()[2]!.collections).toBeGreaterThan(0);
    heap.gc();
  });

  // The debug core kept freed blocks in its quarantine while a collection was under way.
  test("a finalizer that a collection runs gets the memory of raw blocks it freed", () => {
    const heap = manualHeap(build, { maxBytes: 2 * MIB });
    const made: string[] = [];
    const Node = heap.defineType({
      name: "Node",
      fields: { self: "ref" },
      finalize: () => {
        const blocks = fillUp(heap);
        for (const block of blocks) heap.free(block);
        const text = heap.bytesObject(new Uint8Array(MIB / 4));
        const list = heap.list(new Array<Ptr>(10_000).fill(heap.none));
        for (let i = 0; i < 1000; i++) heap.lists.append(list, heap.none);
        made.push(heap.typeOf(text).name, heap.typeOf(list).name);
        release(heap, text, list);
      },
    });
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.self, node);
    heap.decref(node);
    expect(heap.gc()).toBe(1);
    expect(made).toEqual(["bytes", "list"]);
  });

  // dict() made the dict first, and a collection let the key die before it was entered.
  test("dict() holds its keys and values while a finalizer lets go of them", () => {
    const heap = manualHeap(build, { thresholds: [1, 1, 1] });
    const Node = heap.defineType({
      name: "Node",
      fields: { self: "ref" },
      finalize: () => {
        heap.decref(key);
        heap.decref(value);
      },
    });
    const key = heap.str("a key of its own");
    const value = heap.float(1.5);
    const node = heap.alloc(Node);
    heap.setRef(node, Node.fields.self, node);
    heap.decref(node);
    heap.decref(heap.list());
    const another = heap.list();
    heap.collector.enable();
    const dict = heap.dict([[key, value]]);
    expect(heap.collector.stats()[0]!.collected + heap.collector.stats()[2]!.collected).toBe(1);
    expect([heap.refcount(key), heap.refcount(value)]).toEqual([1, 1]);
    expect(heap.dicts.get(dict, key)).toBe(value);
    heap.decref(another);
    heap.decref(dict);
    heap.verify();
  });

  describe("a look at objects gets its buffer", () => {
    const COUNT = 6143;

    interface Full {
      readonly heap: Heap;
      /** A list of lists: to write down the addresses of these takes more memory than there is. */
      readonly row: Ptr;
      readonly lists: readonly Ptr[];
      readonly blocks: Ptr[];
      /** Leaves the heap as it was. */
      readonly end: () => void;
    }

    /** A heap at its limit; `drop` runs before the last memory is taken. */
    function full(options: HeapOptions, drop: (heap: Heap) => void): Full {
      const heap = manualHeap(build, { maxBytes: 2 * MIB, ...options });
      const lists = Array.from({ length: COUNT }, () => heap.list([heap.none]));
      const row = heap.list(lists);
      drop(heap);
      const blocks = fillUp(heap);
      const end = (): void => {
        for (const block of blocks) heap.free(block);
        release(heap, row, ...lists);
      };
      return { heap, row, lists, blocks, end };
    }

    /** Trash of some size. */
    function dropCycle(heap: Heap): void {
      const list = heap.list(new Array<Ptr>(60_000).fill(heap.none));
      heap.lists.append(list, list);
      heap.decref(list);
    }

    const collections = (heap: Heap): number => heap.collector.stats()[2]!.collections;
    const sorted = (pointers: readonly Ptr[]): Ptr[] => [...pointers].sort((a, b) => a - b);

    test("by a collection", () => {
      const looks: ((full: Full) => void)[] = [
        ({ heap, row, lists }) => expect(heap.collector.objects()).toEqual(sorted([row, ...lists])),
        ({ heap, row, lists }) => expect(heap.collector.referents(row)).toEqual(lists),
        ({ heap, row, lists }) => expect(heap.collector.referrers(...lists)).toEqual([row]),
      ];
      for (const look of looks) {
        const state = full({}, dropCycle);
        const before = collections(state.heap);
        look(state);
        expect(collections(state.heap) - before).toBe(1);
        state.heap.verify();
        state.end();
      }
    });

    test("by onMemoryPressure", () => {
      let asked = 0;
      const onMemoryPressure = (): void => {
        asked++;
        for (const block of state.blocks.splice(0)) state.heap.free(block);
      };
      const state = full({ onMemoryPressure }, () => {});
      expect(state.heap.collector.objects().length).toBe(COUNT + 1);
      expect(asked).toBe(1);
      state.end();
    });

    test("or fails in good order", () => {
      const { heap, row, lists, end } = full({}, () => {});
      const { collector } = heap;
      for (const look of [
        () => collector.objects(),
        () => collector.referents(row),
        () => collector.referrers(...lists),
      ]) {
        expect(expectRefused(heap, "ERR_HEAP_OOM", look).size).toBeGreaterThanOrEqual(4 * COUNT);
      }
      expect([heap.refcount(row), heap.refcount(lists[0]!)]).toEqual([1, 2]);
      end();
    });

    test("large enough for what finalizers make meanwhile", () => {
      const made: Ptr[] = [];
      // Room for small objects, too little for the buffer.
      let room: Ptr[] = [];
      const state = full({}, (heap) => {
        room = Array.from({ length: 4 }, () => heap.bytesObject(new Uint8Array(4000)));
        const Node = heap.defineType({
          name: "Node",
          fields: { cycle: "ref" },
          finalize: () => {
            release(heap, ...room);
            for (let i = 0; i < 100; i++) made.push(heap.list([heap.none]));
          },
        });
        const node = heap.alloc(Node);
        const list = heap.list(new Array<Ptr>(60_000).fill(node));
        heap.setRef(node, Node.fields.cycle, list);
        release(heap, list, node);
      });
      const { heap, row, lists } = state;
      expect(heap.collector.objects()).toEqual(sorted([row, ...lists, ...made]));
      expect(made.length).toBe(100);
      heap.verify();
      release(heap, ...made);
      state.end();
    });

    test("and none if nothing is left to write down", () => {
      const state = full({}, (heap) => {
        const Holder = heap.defineType({
          name: "Holder",
          fields: { cycle: "ref" },
          finalize: () => heap.lists.delete(state.row, 0, COUNT),
        });
        const holder = heap.alloc(Holder);
        heap.setRef(holder, Holder.fields.cycle, holder);
        heap.decref(holder);
        dropCycle(heap);
      });
      expect(state.heap.collector.referents(state.row)).toEqual([]);
      state.end();
    });

    test("while the objects asked about are held", () => {
      const state = full({}, (heap) => {
        const Holder = heap.defineType({
          name: "Holder",
          fields: { cycle: "ref" },
          finalize: () => heap.decref(state.row),
        });
        const holder = heap.alloc(Holder);
        heap.setRef(holder, Holder.fields.cycle, holder);
        heap.decref(holder);
        dropCycle(heap);
      });
      const { heap, row, lists } = state;
      expect(heap.collector.referents(row)).toEqual(lists);
      expect(errorOf(() => heap.refcount(row)).code).toBe("ERR_HEAP_USE_AFTER_FREE");
      heap.verify();
      for (const block of state.blocks) heap.free(block);
      release(heap, ...lists);
    });

    test("also for what SAVEALL kept", () => {
      const errors: unknown[] = [];
      const stops: number[] = [];
      const { heap, blocks, end } = full({ onUnraisable: (error) => errors.push(error) }, (heap) => {
        for (let i = 0; i < 3000; i++) {
          const list = heap.list();
          heap.lists.append(list, list);
          heap.decref(list);
        }
      });
      const { collector } = heap;
      collector.callbacks.add((phase, { collected }) => phase === "stop" && stops.push(collected));
      collector.debug = collector.SAVEALL;
      // No memory for the list of the trash: the collection says so, and comes to its end.
      expect(heap.gc()).toBe(3000);
      expect([errors.length, stops]).toEqual([1, [3000]]);
      expect(errors[0]).toMatchObject({ code: "ERR_HEAP_OOM", operation: "garbage" });
      collector.debug = 0;
      for (const block of blocks.splice(0)) heap.free(block);
      dropCycle(heap);
      blocks.push(...fillUp(heap));
      const before = collections(heap);
      expect(collector.garbage.length).toBe(3000);
      expect(collections(heap) - before).toBe(1);
      release(heap, ...collector.garbage.splice(0));
      end();
      expect(heap.gc()).toBe(3000);
    });
  });
});
