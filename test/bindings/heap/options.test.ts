import { describe, expect, test } from "vitest";
import { heapModule, HeapError, type HeapOptions } from "../../../bindings/index.js";
import {
  ARENA,
  at,
  builds,
  errorOf,
  expectRefused,
  GIB,
  KIB,
  MIB,
  PAGE,
  release,
} from "../../support/cores.js";

/** Option values that no type would let through. */
function untyped(options: Record<string, unknown>): HeapOptions {
  return options as HeapOptions;
}

const NO_BYTES = [-1, 1.5, NaN, Infinity, -Infinity, 2 ** 33, "1024", 1024n, null, {}, Symbol("bytes")];

describe.each(builds)("createHeap options, $name core", ({ create }) => {
  test.each(["initialBytes", "maxBytes", "poolBytes", "clientBytes"])(
    "%s refuses what is no number of bytes",
    (name) => {
      for (const value of NO_BYTES) {
        const error = errorOf(() => create(untyped({ [name]: value })));
        expect(error).toMatchObject({
          code: "ERR_HEAP_ARGUMENT",
          operation: "createHeap",
          argument: name,
          value,
        });
        expect(error.minimum).toBeTypeOf("number");
        expect(error.maximum).toBeTypeOf("number");
      }
    },
  );

  test.each([
    ["smallThreshold", [0, 128, 257, 1024, "512", null]],
    ["checks", [0, 1, "true", null]],
    ["module", [0, "heap.wasm", {}, null]],
    ["memory", [0, new ArrayBuffer(65_536), {}, null]],
    ["onUnraisable", [0, "log", {}, null]],
    ["onMemoryPressure", [0, "log", {}, null]],
    ["onLeak", [0, "log", {}, null]],
  ])("%s refuses what it cannot be", (name, values) => {
    for (const value of values) {
      const error = errorOf(() => create(untyped({ [name]: value })));
      expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: name, value });
    }
  });

  test("options must be an object", () => {
    for (const options of [null, 5, "big"]) {
      expect(errorOf(() => create(options as unknown as HeapOptions)).code).toBe("ERR_HEAP_ARGUMENT");
    }
    expect(create(undefined).malloc(1)).not.toBe(0);
    expect(create({ maxBytes: undefined, memory: undefined }).malloc(1)).not.toBe(0);
  });

  test("names that are no option's are refused, with those that are", () => {
    for (const name of ["maxbytes", "autocollect", "toString"]) {
      const error = errorOf(() => create(untyped({ checks: true, [name]: 1 })));
      expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", operation: "createHeap", argument: name });
      expect(error.message).toContain(name);
      expect(error.message).toContain("maxBytes, ");
    }
    // What is not given, inherited, or hidden is no option.
    const inherited = Object.create({ maxbytes: 1 }) as HeapOptions;
    expect(create(inherited).malloc(1)).not.toBe(0);
    expect(create(untyped({ maxbytes: undefined, [Symbol("maxbytes")]: 1 })).malloc(1)).not.toBe(0);
  });

  test("initialBytes is the memory at the start, and no growth before it is full", () => {
    const heap = create({ initialBytes: 3_000_000 });
    expect(heap.stats().heapTotal).toBe(Math.ceil(3_000_000 / 65_536) * 65_536);
    heap.malloc(2_000_000);
    expect(heap.stats().grows).toBe(0);
    expect(create().stats().heapTotal).toBe(MIB);
    expect(create({ initialBytes: 0 }).malloc(100)).not.toBe(0);
  });

  test("initialBytes must not be over maxBytes", () => {
    const error = errorOf(() => create({ initialBytes: 3 * MIB, maxBytes: 2 * MIB }));
    expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "initialBytes", maximum: 2 * MIB });
  });

  test("maxBytes must leave room for one arena, and may be the default's fraction", () => {
    expect(errorOf(() => create({ maxBytes: ARENA })).code).toBe("ERR_HEAP_ARGUMENT");
    const heap = create({ maxBytes: 2 * ARENA });
    expect(heap.stats()).toMatchObject({ heapTotal: 2 * ARENA, heapSizeLimit: 2 * ARENA });
    heap.malloc(100);
    expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(ARENA));
    expect(create().stats().heapSizeLimit).toBe(4 * GIB);
  });

  test("maxBytes that is no whole number of wasm pages", () => {
    for (const options of [
      { maxBytes: 1_000_000 },
      { maxBytes: 700_001, initialBytes: 700_001 },
      { maxBytes: 2 * ARENA + 1 },
    ]) {
      const heap = create(options);
      expect(heap.stats().heapSizeLimit).toBe(Math.floor(options.maxBytes / 65_536) * 65_536);
      heap.free(heap.malloc(1000));
      heap.verify();
    }
  });

  test("clientBytes are whole arenas from 256 KiB on that the heap leaves alone", () => {
    const heap = create({ clientBytes: ARENA + 1 });
    expect(heap.stats().reservedBytes).toBe(3 * ARENA);
    expect(heap.malloc(16)).toBeGreaterThanOrEqual(3 * ARENA);
    expect(create().stats().reservedBytes).toBe(ARENA);
  });

  test("module: one compilation, or the bytes, for many heaps", () => {
    const heap = create();
    heap.verify();
    const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    const empty = errorOf(() => create({ module: bytes }));
    expect(empty).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "module" });
    const junk = errorOf(() => create({ module: new Uint8Array([1, 2, 3]) }));
    expect(junk).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "module" });
    expect(junk.cause).toBeInstanceOf(WebAssembly.CompileError);
  });

  test("memory: the heap lives in it, and it grows with the heap", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const heap = create({ memory });
    const block = heap.malloc(MIB);
    heap.bytes(block, 4).set([1, 2, 3, 4]);
    expect([...new Uint8Array(memory.buffer, block, 4)]).toEqual([1, 2, 3, 4]);
    expect(heap.memory).toBe(memory);
    heap.verify();
  });

  test("memory: one that holds a heap, is not zero, is shared or too large is refused", () => {
    const used = new WebAssembly.Memory({ initial: 16 });
    create({ memory: used });
    const dirty = new WebAssembly.Memory({ initial: 16 });
    new Uint8Array(dirty.buffer)[10_000] = 1;
    const shared = new WebAssembly.Memory({ initial: 16, maximum: 32, shared: true });
    const large = new WebAssembly.Memory({ initial: 64 });
    for (const options of [
      { memory: used },
      { memory: dirty },
      { memory: shared },
      { memory: large, maxBytes: MIB },
    ]) {
      expect(errorOf(() => create(options))).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "memory" });
    }
  });

  test("memory: one that cannot grow to what the heap needs", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const error = errorOf(() => create({ memory }));
    expect(error).toMatchObject({ code: "ERR_HEAP_OOM", operation: "createHeap", size: ARENA });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.message).toContain("passed in cannot grow");
  });

  test("memory: one that is not zero above the first arena is no trouble to calloc", () => {
    for (const pages of [32, 33, 35]) {
      const memory = new WebAssembly.Memory({ initial: pages });
      new Uint8Array(memory.buffer, ARENA).fill(0xee);
      const heap = create({ memory });
      for (const size of [1, 1000, 100_000, 100_000, 300_000, 2 * MIB, 100_000, 4 * MIB]) {
        expect(heap.bytes(heap.calloc(1, size), size).every((byte) => byte === 0)).toBe(true);
      }
      heap.verify();
    }
  });

  test("memory: one that is refused is left as it was", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    new Uint8Array(memory.buffer)[9] = 1;
    expect(errorOf(() => create({ memory })).code).toBe("ERR_HEAP_ARGUMENT");
    expect(memory.buffer.byteLength).toBe(65_536);
  });

  test("memory: one with addresses of 64 bits is refused", (context) => {
    const descriptor = { initial: 16n, maximum: 32n, address: "i64" };
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
    } catch {
      return context.skip();
    }
    const error = errorOf(() => create({ memory }));
    expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", argument: "memory" });
  });

  // Stands in for the one above where the host cannot make such a memory.
  test("memory: one that the core cannot be linked with is refused, whatever it looks like", () => {
    const memory = Object.create(WebAssembly.Memory.prototype, {
      buffer: { value: new ArrayBuffer(MIB) },
      type: { value: () => ({ minimum: 16n, maximum: 32n, address: "i64" }) },
    }) as WebAssembly.Memory;
    const error = errorOf(() => create({ memory }));
    expect(error).toMatchObject({ code: "ERR_HEAP_ARGUMENT", operation: "createHeap", argument: "memory" });
    expect(error.message).toContain("addresses of 32 bits");
  });
});

describe("smallThreshold, release core", () => {
  test("§1.1 small threshold: 512: requests of up to 512 bytes are served by pools", () => {
    const heap = release.create();
    heap.malloc(512);
    expect(heap.stats()).toMatchObject({ poolBytes: PAGE, slabBytes: 0 });
    heap.malloc(513);
    expect(heap.stats().slabBytes).toBeGreaterThan(0);
  });

  test("§1.1 small threshold: 256, as before CPython 3.3: larger ones by slabs, in steps of at most 12.5 %", () => {
    const heap = release.create({ smallThreshold: 256 });
    heap.malloc(256);
    expect(heap.stats()).toMatchObject({ poolBytes: PAGE, slabBytes: 0 });
    heap.malloc(257);
    expect(heap.stats().slabBytes).toBeGreaterThan(0);
    for (let size = 257; size <= 1000; size++) {
      const block = heap.malloc(size);
      expect(heap.usableSize(block) / size).toBeLessThanOrEqual(1.125);
    }
    heap.verify();
    expect(heap.debugMallocStats()).toContain("Small block threshold = 256, in 32 size classes.");
  });
});

describe("poolBytes (CPython's WITH_MEMORY_LIMITS), release core", () => {
  test("§1.1 pools' cap: past the cap small requests are served by something larger", () => {
    const heap = release.create({ poolBytes: 64 * KIB });
    const blocks = Array.from({ length: 10_000 }, () => heap.malloc(64));
    expect(heap.stats().poolBytes).toBe(64 * KIB);
    expect(heap.stats().slabBytes).toBeGreaterThan(0);
    expect(new Set(blocks).size).toBe(10_000);
    heap.verify();
    for (const block of blocks) heap.free(block);
    heap.verify();
    expect(heap.stats().heapUsed).toBe(0);
  });

  test("§1.1 pools' cap: freeing makes room under the cap", () => {
    const heap = release.create({ poolBytes: 16 * KIB });
    const blocks = Array.from({ length: 1000 }, () => heap.malloc(64));
    for (const block of blocks) heap.free(block);
    heap.verify();
    const block = heap.malloc(64);
    expect(heap.usableSize(block)).toBe(64);
    expect(heap.stats().poolBytes).toBe(PAGE);
  });

  test("a cap of nothing leaves no pools", () => {
    const heap = release.create({ poolBytes: 0 });
    const block = heap.malloc(16);
    expect(heap.stats().poolBytes).toBe(0);
    heap.free(block);
    heap.verify();
  });
});

describe("checks", () => {
  test("off: pointers are taken on trust, arguments are still checked", () => {
    const heap = release.create({ checks: false });
    const block = heap.malloc(100);
    expect(heap.usableSize(block)).toBe(112);
    heap.bytes(block, 100).fill(3);
    const moved = heap.realloc(block, 1000);
    expect(heap.bytes(moved, 100).every((byte) => byte === 3)).toBe(true);
    heap.free(heap.calloc(10, 10));
    heap.free(heap.alignedAlloc(4096, 10));
    heap.free(moved);
    heap.free(at(0));
    heap.verify();
    expectRefused(heap, "ERR_HEAP_ARGUMENT", () => heap.malloc(-1));
    expectRefused(heap, "ERR_HEAP_ARGUMENT", () => heap.free(at(0.5)));
    const asked: number[] = [];
    const onMemoryPressure = ({ size }: { size: number }): void => void asked.push(size);
    const small = release.create({ checks: false, maxBytes: MIB, onMemoryPressure });
    expectRefused(small, "ERR_HEAP_BAD_POINTER", () => small.realloc(at(0x0200_0000), 10));
    expect(asked).toEqual([]);
    small.free(at(0x0200_0000));
    expectRefused(small, "ERR_HEAP_OOM", () => small.malloc(MIB));
  });

  test("two heaps of one module do not know each other", () => {
    const module = heapModule();
    const [one, two] = [release.create({ module }), release.create({ module })];
    const block = one.malloc(100);
    expectRefused(two, "ERR_HEAP_BAD_POINTER", () => two.free(block));
    one.free(block);
    expect(HeapError.name).toBe("HeapError");
  });
});
