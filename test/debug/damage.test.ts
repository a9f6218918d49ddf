import { describe, expect, test } from "vitest";
import { BROKEN_QUARANTINE, DEBUG_QUARANTINED, STATE_DEBUG } from "../../bindings/generated/layout.js";
import { coreOf } from "../../bindings/heap/heap.js";
import type { Heap, LeakReport, Ptr } from "../../bindings/index.js";
import { at, debug, errorOf, expectRefused, KIB, MIB } from "../support/cores.js";

function poke(heap: Heap, address: number, value: number): void {
  heap.bytes(at(address), 1)[0] = value;
}

function pokeWord(heap: Heap, address: number, value: number): void {
  coreOf(heap).linear.setWord(address, value);
}

describe("the quarantine counts memory, not what was asked for", () => {
  test("blocks of nothing", () => {
    const heap = debug.create({ maxBytes: 8 * MIB });
    for (let i = 0; i < 60_000; i++) heap.free(heap.malloc(0));
    expect(heap.stats().heapUsed).toBeLessThan(2 * MIB);
  });

  test("§2.1 moving resize: large blocks that were shrunk", () => {
    const heap = debug.create({ maxBytes: 16 * MIB });
    for (let i = 0; i < 100; i++) heap.free(heap.realloc(heap.malloc(MIB), 1));
    expect(heap.stats().heapUsed).toBeLessThan(4 * MIB);
    const kept = Array.from({ length: 100 }, () => heap.realloc(heap.malloc(MIB), 1));
    expect(heap.stats().heapUsed).toBeLessThan(4 * MIB);
    for (const block of kept) heap.free(block);
    heap.verify();
  });

  test("a count that is not the sum of its blocks: seen by verify()", () => {
    const heap = debug.create();
    heap.free(heap.malloc(100));
    const address = coreOf(heap).stateAddress(STATE_DEBUG + DEBUG_QUARANTINED);
    pokeWord(heap, address, coreOf(heap).linear.word(address) + 16);
    expect(errorOf(() => heap.verify()).invariantCode).toBe(BROKEN_QUARANTINE);
  });

  test("a block that grows and grows", () => {
    const heap = debug.create({ maxBytes: 32 * MIB });
    let block = heap.malloc(1);
    for (let size = 10_000; size <= 3 * MIB; size += 10_000) block = heap.realloc(block, size);
    expect(heap.stats().heapUsed).toBeLessThan(12 * MIB);
    heap.free(block);
    heap.verify();
  });

  test("realloc tells of an overwritten block before it does anything", () => {
    const heap = debug.create();
    const stale = heap.malloc(48);
    heap.free(stale);
    poke(heap, stale + 5, 0x41);
    let block = heap.malloc(1);
    let before = block;
    const error = errorOf(() => {
      for (let size = 100_000; ; size += 100_000) {
        before = block;
        block = heap.realloc(block, size);
      }
    });
    expect(error).toMatchObject({ code: "ERR_HEAP_USE_AFTER_FREE", block: stale, ptr: before });
    heap.free(heap.realloc(before, 10));
    heap.verify();
  });
});

describe("an overwritten block in a quarantine that has to make room", () => {
  function fillAndOverwrite(heap: Heap): Ptr {
    const stale = heap.malloc(500_000);
    heap.free(stale);
    poke(heap, stale + 7, 0);
    heap.free(heap.malloc(400_000));
    heap.malloc(900_000);
    return stale;
  }

  test("§2.3 deferred report: is told of at the next free", () => {
    const heap = debug.create({ maxBytes: 2 * MIB });
    const block = heap.malloc(10);
    const stale = fillAndOverwrite(heap);
    const error = errorOf(() => heap.free(block));
    expect(error).toMatchObject({
      code: "ERR_HEAP_USE_AFTER_FREE",
      block: stale,
      address: stale + 7,
      ptr: block,
    });
    expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.free(block));
  });

  test("or by verify()", () => {
    const heap = debug.create({ maxBytes: 2 * MIB });
    const stale = fillAndOverwrite(heap);
    expect(errorOf(() => heap.verify())).toMatchObject({ code: "ERR_HEAP_CORRUPT", block: stale });
  });
});

describe("a destroyed header", () => {
  test.each([
    ["prefix", 32],
    ["link", 28],
    ["size", 8],
  ])("of a freed block (%s): seen by verify() and by the quarantine", (_, offset) => {
    for (const junk of [0xffff_fff0, 0x0004_0004, 0x41414141]) {
      const heap = debug.create();
      const stale = heap.malloc(48);
      heap.free(stale);
      heap.free(heap.malloc(48));
      pokeWord(heap, stale - offset, junk);
      const error = errorOf(() => heap.verify());
      expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", block: stale, requestedSize: 48 });
      expect(error.message).toContain("header is destroyed");
      const told = errorOf(() => {
        for (let i = 0; i < 100; i++) heap.free(heap.malloc(40_000));
      });
      expect(told).toMatchObject({ code: "ERR_HEAP_USE_AFTER_FREE", block: stale });
      heap.verify();
    }
  });

  test("§2.2 destroyed header: a run over the next block's whole header is that block's damage", () => {
    const heap = debug.create();
    const first = heap.malloc(8);
    const second = heap.malloc(8);
    const [low, high] = first < second ? [first, second] : [second, first];
    heap.bytes(low, high - low).fill(0x41);
    const error = errorOf(() => heap.free(high));
    expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", ptr: high, block: high, requestedSize: 8 });
    expect(error.message).toContain("header is destroyed");
    expect(error.allocationStack).toContain("damage.test");
  });

  test("an earlier report's numbers are not repeated", () => {
    const heap = debug.create();
    const block = heap.malloc(33);
    const other = heap.malloc(20);
    poke(heap, block + 33, 0);
    expect(errorOf(() => heap.free(block)).requestedSize).toBe(33);
    poke(heap, block + 33, 0xfd);
    heap.bytes(at(other - 32), 32).fill(0);
    const error = errorOf(() => heap.free(other));
    expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", requestedSize: 20 });
    expect(error.serial).toBeUndefined();
  });
});

test("an interior pointer behind a byte 0xDD is no double free", () => {
  const heap = debug.create();
  const block = heap.malloc(100);
  heap.bytes(block, 100).fill(0xdd);
  expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.free(at(block + 48)));
});

test("a block that left the quarantine is a double free all the same", () => {
  const heap = debug.create();
  const block = heap.malloc(5000);
  heap.free(block);
  for (let i = 0; i < 40; i++) heap.free(heap.malloc(40_000));
  expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.free(block));
});

describe("the list of live blocks", () => {
  test.each([0, 0x0004_0004, 0xffff_ff00])("a link that becomes %i is found", (junk) => {
    const heap = debug.create();
    const oldest = heap.malloc(16);
    const middle = heap.malloc(16);
    heap.malloc(16);
    pokeWord(heap, middle - 28, junk);
    expect(errorOf(() => heap.verify())).toMatchObject({ code: "ERR_HEAP_CORRUPT", block: middle });
    expect(errorOf(() => heap.free(oldest)).code).toBe("ERR_HEAP_CORRUPT");
  });

  test("a circle ends the report of leaks", () => {
    const reports: LeakReport[] = [];
    const heap = debug.create({ onLeak: (report) => reports.push(report) });
    const [first, second] = [heap.malloc(16), heap.malloc(16)];
    pokeWord(heap, first - 28, second);
    expect(errorOf(() => heap.verify()).code).toBe("ERR_HEAP_CORRUPT");
    heap.dispose();
    expect(reports[0]?.leaked.map(({ ptr }) => ptr)).toEqual([first, second]);
  });
});

describe("a fault of heap.raw", () => {
  test("§2.2 fault of C: is thrown by the next call of the heap, once", () => {
    const calls: ((heap: Heap, good: Ptr) => unknown)[] = [
      (heap) => heap.malloc(1),
      (heap) => heap.calloc(1, 1),
      (heap, good) => heap.realloc(good, 1),
      (heap, good) => heap.usableSize(good),
      (heap, good) => heap.free(good),
      (heap) => heap.verify(),
    ];
    for (const call of calls) {
      const heap = debug.create();
      const good = heap.malloc(100);
      heap.raw.free(at(good + 16));
      heap.raw.free(heap.raw.malloc(10));
      const error = errorOf(() => call(heap, good));
      expect(error).toMatchObject({ code: "ERR_HEAP_BAD_POINTER", operation: "heap.raw", ptr: good + 16 });
      call(heap, good);
      heap.verify();
    }
  });

  test("names the damage", () => {
    const heap = debug.create();
    const block = heap.malloc(10);
    poke(heap, block + 10, 0);
    heap.raw.free(block);
    const error = errorOf(() => heap.malloc(1));
    expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", block, requestedSize: 10, address: block + 10 });
  });

  test("is not what C's functions can tell: no memory", () => {
    const heap = debug.create({ maxBytes: MIB });
    expect(heap.raw.malloc(2 * MIB)).toBe(0);
    expect(heap.raw.alignedAlloc(3, 10)).toBe(0);
    heap.free(heap.malloc(10 * KIB));
  });
});

describe("a fault of a client module's release, which cannot tell", () => {
  test("names the object, also after the fault of a block", () => {
    const heap = debug.create();
    const { decref } = coreOf(heap).exports;
    expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.free(at(heap.malloc(100) + 16)));
    const list = heap.list();
    decref(list);
    decref(list);
    const error = errorOf(() => heap.malloc(1));
    expect(error).toMatchObject({ code: "ERR_HEAP_DOUBLE_FREE", operation: "decref", ptr: list });
    expect(error.message).toContain("more references were released than were taken");
    heap.free(heap.malloc(1));
    heap.verify();
  });
});

test("a write far past a block is an error of the heap, and it can be disposed of", () => {
  for (const call of [(heap: Heap) => heap.verify(), (heap: Heap) => heap.debugMallocStats()]) {
    const heap = debug.create({ onLeak: () => {} });
    const block = heap.malloc(16);
    heap.malloc(16);
    heap.bytes(block, 2000).fill(0xdd);
    try {
      call(heap);
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT" });
    }
    try {
      heap.dispose();
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT" });
    }
    expect(heap.disposed).toBe(true);
  }
});
