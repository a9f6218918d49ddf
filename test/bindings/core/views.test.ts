import { describe, expect, test } from "vitest";
import type { Ptr } from "../../../bindings/index.js";
import { at, builds, debug, expectRefused, fill, holds, MIB } from "../../support/cores.js";

describe.each(builds)("bytes, $name core", ({ create }) => {
  test("is live memory, inside and past a block, bounded by the memory", () => {
    const heap = create();
    const block = heap.malloc(100);
    const bytes = heap.bytes(block, 100);
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect(bytes.length).toBe(100);
    bytes[99] = 42;
    expect(heap.bytes(at(block + 99), 1)[0]).toBe(42);
    expect(heap.bytes(block, 0).length).toBe(0);
    const end = heap.stats().heapTotal;
    expect(heap.bytes(at(end - 1), 1).length).toBe(1);
    expect(heap.bytes(at(end), 0).length).toBe(0);
    expectRefused(heap, "ERR_HEAP_RANGE", () => heap.bytes(at(end), 1));
    expectRefused(heap, "ERR_HEAP_RANGE", () => heap.bytes(block, 2 ** 32 - 1));
    expectRefused(heap, "ERR_HEAP_RANGE", () => heap.bytes(at(2 ** 32 - 1), 2 ** 32 - 1));
    const error = expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.bytes(at(0), 4));
    expect(error).toMatchObject({ ptr: 0, length: 4 });
  });

  test("a view made before a growth is detached; one asked for anew is not", () => {
    const heap = create();
    const block = heap.malloc(100);
    fill(heap, block, 100, 1);
    const old = heap.bytes(block, 100);
    heap.malloc(64 * MIB);
    expect(old.length).toBe(0);
    expect(heap.bytes(block, 100).length).toBe(100);
    expect(holds(heap, block, 100, 1)).toBe(true);
  });

  test("heap.views are good after whatever made the memory grow", () => {
    const heap = create({ initialBytes: MIB });
    const { views, raw } = heap;
    const Record = heap.defineType({ name: "Record", fields: { n: "i32" }, items: "u8" });
    const makers: ((bytes: number) => Ptr)[] = [
      (bytes) => heap.malloc(bytes),
      (bytes) => raw.malloc(bytes),
      (bytes) => heap.alloc(Record, bytes),
    ];
    for (const make of makers) {
      for (let growths = 0; growths < 3;) {
        const before = heap.memory.buffer.byteLength;
        const p = make(200_000);
        if (heap.memory.buffer.byteLength > before) growths++;
        views.u8[p + 100] = 7;
        expect(new Uint8Array(heap.memory.buffer)[p + 100]).toBe(7);
      }
    }
    heap.dispose();
  });

  test("nothing reads a detached buffer after another holder grew the memory", () => {
    const memory = new WebAssembly.Memory({ initial: 16 });
    const heap = create({ memory });
    const block = heap.malloc(100);
    fill(heap, block, 100, 1);
    const { heapUsed, poolBytes } = heap.stats();
    for (const read of [
      () => expect(heap.stats()).toMatchObject({ heapUsed, poolBytes }),
      () => expect(heap.statsView.poolBytes).toBe(poolBytes),
      () => expect(heap.bytes(block, 100).length).toBe(100),
      () => expect(heap.debugMallocStats()).toContain("Total"),
      () => expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.free(at(block + 3))),
      () => expectRefused(heap, "ERR_HEAP_OOM", () => heap.malloc(2 ** 32 - 1)),
      () => heap.verify(),
    ]) {
      memory.grow(1);
      read();
    }
    expect(holds(heap, block, 100, 1)).toBe(true);
  });

  test("a memory of 4 GiB can be viewed to the last arena that a heap uses", () => {
    const heap = create({ maxBytes: 2 ** 32 });
    heap.memory.grow(65_536 - heap.stats().heapTotal / 65_536);
    expect(heap.stats().heapTotal).toBe(2 ** 32);
    const block = heap.malloc(10);
    fill(heap, block, 10, 1);
    expect(holds(heap, block, 10, 1)).toBe(true);
    expect(heap.bytes(at(2 ** 32 - 2 ** 18 - 1), 1).length).toBe(1);
    heap.verify();
  });
});

test("the debug report reads live memory after another holder grew it", () => {
  const heap = debug.create();
  const block = heap.malloc(10);
  heap.bytes(at(block + 10), 1)[0] = 1;
  heap.memory.grow(1);
  const error = expectRefusedDamage(() => heap.free(block));
  expect(error).toContain("10 bytes originally requested");
  expect(error).toContain("at tail+0: 0x01 *** OUCH");
});

function expectRefusedDamage(action: () => void): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}
