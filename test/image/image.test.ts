import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Heap, type Ptr } from "../../bindings/index.js";
import { builds, errorOf, release } from "../support/cores.js";
import { newHeap, release as drop } from "../support/objects.js";
import { Random } from "../support/random.js";

/** A heap with values of all kinds and blocks of all sizes, and the one reference to what holds the values. */
function filledHeap(create = release.create) {
  const heap = create({ onLeak: () => {} });
  const Point = heap.defineType({
    name: "Point",
    fields: { x: "f64", next: "ref", id: "i32" },
    weakrefs: true,
  });
  const root = heap.fromJS({ text: "text", list: [1, 2.5, null, [true]], bytes: Uint8Array.of(1, 2, 3) });
  const point = heap.alloc(Point);
  heap.setF64(point, Point.fields.x, 1.25);
  heap.setRef(point, Point.fields.next, root);
  drop(heap, root);
  const block = heap.malloc(300_000);
  heap.bytes(block, 300_000).fill(7);
  return { heap, Point, point, block };
}

describe.each(builds)("save and restore, $name core", ({ create }) => {
  test("content, counts, types and statistics are the same at the same addresses", () => {
    const { heap, Point, point, block } = filledHeap(create);
    const before = heap.stats();
    const bytes = heap.snapshot();
    expect(heap.stats()).toEqual(before);
    const restored = Heap.restore(bytes, { onLeak: () => {} });
    restored.verify();
    const { poolBytes, slabBytes, spanBytes, arenas } = heap.stats();
    expect(restored.stats()).toMatchObject({ poolBytes, slabBytes, spanBytes, arenas });
    expect(restored.stats().heapSizeLimit).toBe(before.heapSizeLimit);
    const type = restored.typeNamed("Point") as typeof Point;
    expect(restored.typeOf(point)).toBe(type);
    expect(type.fields).toEqual(Point.fields);
    expect(restored.getF64(point, type.fields.x)).toBe(1.25);
    expect(restored.refcount(point)).toBe(1);
    const value = restored.toJS(restored.getRef(point, type.fields.next));
    expect(value).toEqual(heap.toJS(heap.getRef(point, Point.fields.next)));
    expect(restored.bytes(block, 300_000).every((byte) => byte === 7)).toBe(true);
    // Both go their own ways.
    restored.free(block);
    restored.decref(point);
    expect(restored.gc()).toBe(0);
    expect(restored.alloc(type)).not.toBe(0);
    heap.verify();
    expect(heap.getF64(point, Point.fields.x)).toBe(1.25);
    restored.dispose();
    heap.dispose();
  });

  test("an image of an image is the same image", () => {
    const { heap } = filledHeap(create);
    // The first restored heap has less free memory than the original, and says so in its state.
    const first = Heap.restore(heap.snapshot(), { onLeak: () => {} });
    const bytes = first.snapshot();
    const second = Heap.restore(bytes, { onLeak: () => {} });
    expect(Buffer.from(second.snapshot()).equals(Buffer.from(bytes))).toBe(true);
    for (const each of [heap, first, second]) each.dispose();
  });

  test("an empty heap, and one of raw bytes only", () => {
    const heap = create();
    expect(Heap.restore(heap.snapshot()).stats().heapUsed).toBe(0);
    const block = heap.malloc(5);
    const restored = Heap.restore(heap.snapshot());
    restored.free(block);
    restored.dispose();
    heap.free(block);
    heap.dispose();
  });
});

describe("functions", () => {
  test("finalizers by type, callbacks and functions of `finalize` by name", () => {
    const heap = release.create({ onLeak: () => {} });
    const Base = heap.defineType({ name: "Base", finalize: () => {}, weakrefs: true });
    const Derived = heap.defineType({ name: "Derived", extends: Base });
    const derived = heap.alloc(Derived);
    const weakref = heap.weakref(derived, function gone() {});
    heap.finalize(derived, function atDeath() {});
    const bytes = heap.snapshot();
    const heard: string[] = [];
    const restored = Heap.restore(bytes, {
      types: { Base: { finalize: (self) => void heard.push(`finalize ${self === derived}`) } },
      callbacks: { gone: (dead) => void heard.push(`gone ${dead === weakref}`) },
      finalizers: (name, ptr) => () => heard.push(`${name} ${ptr === derived}`),
    });
    restored.decref(derived);
    expect(heard).toEqual(["finalize true", "gone true", "atDeath true"]);
    restored.decref(weakref);
    restored.verify();
    restored.dispose();

    const complete = {
      types: { Base: { finalize: null } },
      callbacks: () => undefined,
      finalizers: () => undefined,
    };
    for (const option of ["types", "callbacks", "finalizers"]) {
      const error = errorOf(() => Heap.restore(bytes, { ...complete, [option]: {} }));
      expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: option });
    }
    const silent = Heap.restore(bytes, { ...complete, onLeak: () => {} });
    drop(silent, derived, weakref);
    silent.dispose();
    heap.dispose();
  });

  test("a clone has those of the original", () => {
    const heap = release.create({ onLeak: () => {}, thresholds: [123, 4, 5] });
    const heard: string[] = [];
    const Fin = heap.defineType({ name: "Fin", finalize: () => void heard.push("finalize"), weakrefs: true });
    const fin = heap.alloc(Fin);
    const weakref = heap.weakref(fin, () => heard.push("gone"));
    heap.finalize(fin, () => heard.push("at death"));
    const watched = heap.weakValueMap([["key", fin]]);
    const clone = heap.clone();
    expect(clone.collector.thresholds).toEqual([123, 4, 5]);
    drop(clone, fin, weakref);
    expect(heard).toEqual(["finalize", "gone", "at death"]);
    clone.verify();
    clone.dispose();
    expect(watched.get("key")).toBe(fin);
    drop(heap, fin, weakref);
    expect(heard.length).toBe(6);
    heap.dispose();
  });

  test("inside a callback", () => {
    const heap = newHeap(release);
    const codes: string[] = [];
    const Fin = heap.defineType({
      name: "Fin",
      finalize: () => void codes.push(errorOf(() => heap.snapshot()).code, errorOf(() => heap.clone()).code),
    });
    heap.decref(heap.alloc(Fin));
    expect(codes).toEqual(["ERR_HEAP_BUSY", "ERR_HEAP_BUSY"]);
  });
});

describe("damage", () => {
  const { heap } = filledHeap();
  const bytes = heap.snapshot();
  heap.dispose();

  test("a flipped bit anywhere", () => {
    const random = new Random(1);
    const copy = bytes.slice();
    // All of the header, and a sample of the rest.
    const places = [...Array(128).keys(), ...Array.from({ length: 300 }, () => random.below(bytes.length))];
    for (const place of places) {
      const bit = 1 << random.below(8);
      copy[place]! ^= bit;
      expect(errorOf(() => Heap.restore(copy)).code, `bit ${bit} of byte ${place}`).toBe("ERR_HEAP_CORRUPT");
      copy[place]! ^= bit;
    }
    Heap.restore(copy, { onLeak: () => {} }).dispose();
  });

  test("cut off anywhere, or with more behind it", () => {
    const random = new Random(2);
    const lengths = [0, 1, 15, 16, 63, 64, 80, bytes.length - 4096, bytes.length - 16, bytes.length - 1];
    for (const length of [...lengths, ...Array.from({ length: 50 }, () => random.below(bytes.length))])
      expect(errorOf(() => Heap.restore(bytes.subarray(0, length))).code).toBe("ERR_HEAP_CORRUPT");
    const longer = new Uint8Array(bytes.length + 16);
    longer.set(bytes);
    expect(errorOf(() => Heap.restore(longer)).code).toBe("ERR_HEAP_CORRUPT");
  });

  test("what is no image, and options that the image answers", () => {
    expect(errorOf(() => Heap.restore("image" as never)).code).toBe("ERR_HEAP_ARGUMENT");
    for (const options of [
      { clientBytes: 1 },
      { types: { Nobody: { finalize: null } } },
      { maxBytes: 1000 },
      5,
    ])
      expect(errorOf(() => Heap.restore(bytes, options as never)).code).toBe("ERR_HEAP_ARGUMENT");
  });

  test("an image at an odd address of its buffer", () => {
    const buffer = new Uint8Array(bytes.length + 1);
    buffer.set(bytes, 1);
    Heap.restore(buffer.subarray(1), { onLeak: () => {} }).dispose();
  });
});

test("`tallyheap/url` alone restores with the core that it is given", async () => {
  const { heap, point } = filledHeap();
  const script = `
    import { parentPort, workerData } from "node:worker_threads";
    import { Heap, heapModule } from "${new URL("../../dist/url-node.js", import.meta.url).href}";
    let code;
    try { Heap.restore(workerData.bytes); } catch (error) { code = [error.code, error.argument]; }
    const heap = Heap.restore(workerData.bytes, { module: await heapModule(), onLeak: () => {} });
    parentPort.postMessage([...code, heap.refcount(workerData.point)]);
    heap.dispose();`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: { bytes: heap.snapshot(), point },
  });
  const said = await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
  await worker.terminate();
  expect(said).toEqual(["ERR_HEAP_ARGUMENT", "module", 1]);
  heap.dispose();
});

test("a worker restores what the main thread saved, and the other way round", async () => {
  const { heap, Point, point } = filledHeap();
  const script = `
    import { parentPort, workerData } from "node:worker_threads";
    import { Heap } from "${new URL("../../dist/index.js", import.meta.url).href}";
    const heap = Heap.restore(workerData.bytes, { onLeak: () => {} });
    const Point = heap.typeNamed("Point");
    heap.setF64(workerData.point, Point.fields.x, 2 * heap.getF64(workerData.point, Point.fields.x));
    parentPort.postMessage(heap.snapshot());
    heap.dispose();`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: { bytes: heap.snapshot(), point },
  });
  const bytes = await new Promise<Uint8Array>((resolve, reject) =>
    worker.on("message", resolve).on("error", reject),
  );
  await worker.terminate();
  const back = Heap.restore(bytes, { onLeak: () => {} });
  expect(back.getF64(point as Ptr, Point.fields.x)).toBe(2.5);
  back.dispose();
  heap.dispose();
});
