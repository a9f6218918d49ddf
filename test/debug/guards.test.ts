import { describe, expect, test } from "vitest";
import type { Heap, Ptr } from "../../bindings/index.js";
import { allBytes, ARENA, at, debug, errorOf, expectRefused, KIB } from "../support/cores.js";

const SIZES = [1, 7, 16, 100, 512, 513, 5000, 32_768, 40_000, 300_000];

function byteAt(heap: Heap, address: number): number {
  return heap.bytes(at(address), 1)[0]!;
}

function poke(heap: Heap, address: number, value: number): void {
  heap.bytes(at(address), 1)[0] = value;
}

/** Frees a block with one byte of its surroundings damaged, puts it right, and frees it for good. */
function freeDamaged(heap: Heap, block: Ptr, address: number): ReturnType<typeof errorOf> {
  const good = byteAt(heap, address);
  poke(heap, address, good ^ 0x55);
  const error = errorOf(() => heap.free(block));
  poke(heap, address, good);
  heap.verify();
  heap.free(block);
  return error;
}

describe("the layout of a debug block (CPython: _PyMem_DebugRawAlloc)", () => {
  test("§2.1 guards: size, letter, leading guard, data, trailing guard, serial", () => {
    const heap = debug.create();
    heap.malloc(1);
    const block = heap.malloc(0x0102);
    const before = [...heap.bytes(at(block - 8), 8)];
    expect(before).toEqual([0, 0, 1, 2, 0x72, 0xfd, 0xfd, 0xfd]);
    const behind = [...heap.bytes(at(block + 0x0102), 8)];
    expect(behind).toEqual([0xfd, 0xfd, 0xfd, 0xfd, 0, 0, 0, 2]);
  });

  test("§2.1 fresh bytes: fresh bytes are 0xCD, those of calloc are zero", () => {
    const heap = debug.create();
    for (const size of SIZES) {
      expect(allBytes(heap, heap.malloc(size), size, 0xcd)).toBe(true);
      expect(allBytes(heap, heap.alignedAlloc(64, size), size, 0xcd)).toBe(true);
      expect(allBytes(heap, heap.calloc(1, size), size, 0)).toBe(true);
    }
  });

  test("§2.1 dead bytes: freed bytes are 0xDD, the letter and the trailing guard with them", () => {
    const heap = debug.create();
    for (const size of SIZES) {
      const block = heap.malloc(size);
      heap.bytes(block, size).fill(1);
      heap.free(block);
      expect(allBytes(heap, block, size + 4, 0xdd)).toBe(true);
      expect(byteAt(heap, block - 4)).toBe(0xdd);
    }
  });

  test("§2.1 moving resize, fresh bytes: realloc fills what is new with 0xCD and buries the old block", () => {
    const heap = debug.create();
    const block = heap.malloc(10);
    heap.bytes(block, 10).fill(5);
    const moved = heap.realloc(block, 20);
    expect(allBytes(heap, moved, 10, 5)).toBe(true);
    expect(allBytes(heap, at(moved + 10), 10, 0xcd)).toBe(true);
    expect(moved).not.toBe(block);
    expect(allBytes(heap, block, 10, 0xdd)).toBe(true);
  });

  test("§2.1 serial numbers: serial numbers count every block made", () => {
    const heap = debug.create();
    const serialOf = (block: Ptr): number => byteAt(heap, block + 4 + 7);
    const [first, second] = [heap.malloc(4), heap.calloc(1, 4)];
    const third = heap.alignedAlloc(64, 4);
    expect([serialOf(first), serialOf(second), serialOf(third)]).toEqual([1, 2, 3]);
  });

  test("§2.1 exact size: usableSize is what was asked for: not one byte more may be used", () => {
    const heap = debug.create();
    for (const size of [0, ...SIZES]) expect(heap.usableSize(heap.malloc(size))).toBe(size);
  });
});

describe("each fault of the debug core", () => {
  test("§2.2 trailing pad: a write behind the block: bad trailing pad byte, at free", () => {
    const heap = debug.create();
    for (const size of SIZES) {
      for (let offset = 0; offset < 4; offset++) {
        const block = heap.malloc(size);
        const error = freeDamaged(heap, block, block + size + offset);
        expect(error).toMatchObject({
          code: "ERR_HEAP_CORRUPT",
          ptr: block,
          block,
          requestedSize: size,
          domain: "r",
        });
        expect(error).toMatchObject({ address: block + size + offset, expected: 0xfd, actual: 0xfd ^ 0x55 });
        expect(error.message).toContain("bad trailing pad byte");
        expect(error.message).toContain(`at tail+${offset}: 0xa8 *** OUCH`);
        expect(error.message).toContain("The 3 pad bytes at p-3 are FORBIDDENBYTE, as expected.");
      }
    }
  });

  test("§2.2 leading pad: a write before the block: bad leading pad byte, at free", () => {
    const heap = debug.create();
    for (const size of SIZES) {
      for (let offset = 1; offset <= 3; offset++) {
        const block = heap.malloc(size);
        const error = freeDamaged(heap, block, block - offset);
        expect(error).toMatchObject({
          code: "ERR_HEAP_CORRUPT",
          block,
          address: block - offset,
          requestedSize: size,
        });
        expect(error.message).toContain("bad leading pad byte");
        expect(error.message).toContain(`at p-${offset}: 0xa8 *** OUCH`);
        expect(error.message).toContain("the count of bytes requested may be bogus");
      }
    }
  });

  test("both are seen at realloc and at usableSize, and the block is left alone", () => {
    const heap = debug.create();
    const block = heap.malloc(24);
    for (const address of [block - 1, block + 24]) {
      poke(heap, address, 0);
      expect(errorOf(() => heap.realloc(block, 100)).code).toBe("ERR_HEAP_CORRUPT");
      expect(errorOf(() => heap.realloc(block, 10)).code).toBe("ERR_HEAP_CORRUPT");
      expect(errorOf(() => heap.usableSize(block)).code).toBe("ERR_HEAP_CORRUPT");
      poke(heap, address, 0xfd);
    }
    heap.free(block);
    heap.verify();
  });

  test("§2.2 bad ID: a wrong domain letter: bad ID", () => {
    const heap = debug.create();
    const block = heap.malloc(24);
    poke(heap, block - 4, "m".charCodeAt(0));
    const error = errorOf(() => heap.free(block));
    expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", domain: "m", expected: 0x72, actual: 0x6d });
    expect(error.message).toContain("bad ID");
    expect(error.message).toContain("API 'm'");
  });

  test("§2.2 double free", () => {
    const heap = debug.create();
    for (const size of [0, ...SIZES]) {
      const block = heap.malloc(size);
      heap.free(block);
      const error = expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.free(block));
      expect(error).toMatchObject({ ptr: block, requestedSize: size });
      expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.realloc(block, 10));
      expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.usableSize(block));
    }
  });

  test("§2.2 use after free: use after free: seen by verify()", () => {
    const heap = debug.create();
    for (const size of SIZES) {
      const block = heap.malloc(size);
      heap.free(block);
      poke(heap, block + size - 1, 1);
      const error = errorOf(() => heap.verify());
      expect(error).toMatchObject({
        code: "ERR_HEAP_CORRUPT",
        block,
        address: block + size - 1,
        requestedSize: size,
      });
      expect(error).toMatchObject({ expected: 0xdd, actual: 1 });
      expect(error.invariant).toContain("freed block");
      poke(heap, block + size - 1, 0xdd);
      heap.verify();
    }
  });

  test("§2.2 use after free: use after free: seen when the block leaves the quarantine, and the block freed then is freed", () => {
    const heap = debug.create();
    const block = heap.malloc(48);
    heap.free(block);
    poke(heap, block + 5, 0x41);
    let last = at(0);
    const error = errorOf(() => {
      for (let i = 0; i < 1000; i++) {
        last = heap.malloc(40_000);
        heap.free(last);
      }
    });
    expect(error).toMatchObject({ code: "ERR_HEAP_USE_AFTER_FREE", block, address: block + 5, actual: 0x41 });
    expect(error.ptr).toBe(last);
    expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.free(last));
  });

  test("§2.2 foreign pointer: a foreign, an interior, a misaligned and a null-page pointer: not the start of a block", () => {
    const heap = debug.create({ clientBytes: ARENA });
    const block = heap.malloc(5000);
    const huge = heap.malloc(3 * ARENA);
    const wrong = [
      8,
      4096,
      ARENA + 8,
      block + 1,
      block + 8,
      block + 16,
      block + 4096,
      huge + 16,
      huge + ARENA,
      0xffff_fff0,
    ];
    for (const address of wrong) {
      expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.free(at(address)));
      expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.realloc(at(address), 10));
      expectRefused(heap, "ERR_HEAP_BAD_POINTER", () => heap.usableSize(at(address)));
    }
  });

  test("an interior pointer's report names the block it points into", () => {
    const heap = debug.create();
    const block = heap.malloc(100);
    const error = errorOf(() => heap.free(at(block + 32)));
    expect(error).toMatchObject({ code: "ERR_HEAP_BAD_POINTER", ptr: block + 32, block, requestedSize: 100 });
    expect(error.message).toContain("points 32 bytes into the block of 100 bytes");
  });

  test("a stale pointer whose memory was reused", () => {
    const heap = debug.create();
    const stale = heap.malloc(64);
    heap.free(stale);
    const others = Array.from({ length: 2000 }, () => heap.malloc(64));
    expect(others).not.toContain(stale);
    expectRefused(heap, "ERR_HEAP_DOUBLE_FREE", () => heap.free(stale));
  });

  test("a write to the null page: seen by verify()", () => {
    const heap = debug.create();
    new Uint8Array(heap.memory.buffer)[12] = 1;
    expect(errorOf(() => heap.verify())).toMatchObject({ code: "ERR_HEAP_CORRUPT", address: 12 });
  });
});

describe("the report", () => {
  function makeBlock(heap: Heap, size: number): Ptr {
    return heap.malloc(size);
  }
  function releaseBlock(heap: Heap, block: Ptr): void {
    heap.free(block);
  }

  test("§2.2 report: names address, letter, requested size, serial, guards, data and the stack of the allocation", () => {
    const heap = debug.create();
    const block = makeBlock(heap, 20);
    heap.bytes(block, 20).set([1, 2, 3], 17);
    poke(heap, block + 20, 0);
    const { message, serial, allocationStack } = errorOf(() => heap.free(block));
    const lines = message.split("\n");
    expect(lines[1]).toBe(`Debug memory block at address p=0x${block.toString(16)}: API 'r'`);
    expect(lines[2]).toBe("    20 bytes originally requested");
    expect(message).toContain("The block was made by call #1 to debug malloc/realloc.");
    expect(message).toContain("Data at p: cd cd cd cd cd cd cd cd ... cd cd cd cd cd 01 02 03");
    expect(message).toContain("Allocated at:");
    expect(serial).toBe(1);
    expect(allocationStack?.split("\n")[0]).toContain("makeBlock");
    expect(message).toContain("makeBlock");
  });

  test("a double free names who made and who freed the block", () => {
    const heap = debug.create();
    const block = makeBlock(heap, 20);
    releaseBlock(heap, block);
    const error = errorOf(() => heap.free(block));
    expect(error.allocationStack).toContain("makeBlock");
    expect(error.freeStack?.split("\n")[0]).toContain("releaseBlock");
    expect(error.message).toContain("Freed before at:");
  });

  test("a use after free names both too", () => {
    const heap = debug.create();
    const block = makeBlock(heap, 20);
    releaseBlock(heap, block);
    poke(heap, block, 9);
    const error = errorOf(() => heap.verify());
    expect(error.allocationStack).toContain("makeBlock");
    expect(error.freeStack).toContain("releaseBlock");
    expect(error.message).toContain("Data at p: 09 dd dd dd");
  });

  test("after a realloc it names the realloc", () => {
    const heap = debug.create();
    function grow(block: Ptr): Ptr {
      return heap.realloc(block, 200);
    }
    const block = makeBlock(heap, 20);
    const moved = grow(block);
    poke(heap, moved + 200, 0);
    expect(errorOf(() => heap.free(moved)).allocationStack).toContain("grow");
    expect(errorOf(() => heap.free(block)).freeStack).toContain("grow");
  });

  test("a block made through heap.raw has no stack, but everything else", () => {
    const heap = debug.create();
    const block = heap.raw.malloc(20);
    poke(heap, block + 20, 0);
    const error = errorOf(() => heap.free(block));
    expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", requestedSize: 20, serial: 1 });
    expect(error.allocationStack).toBeUndefined();
    expect(error.message).toContain("no stack is known");
  });

  test("§2.2 destroyed header: a destroyed header is reported without nonsense", () => {
    const heap = debug.create();
    const block = heap.malloc(20);
    heap.bytes(at(block - 32), 32).fill(0);
    for (const call of [() => heap.free(block), () => heap.verify()]) {
      const error = errorOf(call);
      expect(error).toMatchObject({ code: "ERR_HEAP_CORRUPT", block, requestedSize: 20 });
      expect(error.message).not.toContain("bytes originally requested by call #0");
    }
  });
});

describe("the quarantine", () => {
  test("§2.3 held back: holds a megabyte of freed blocks back before they are used again", () => {
    const heap = debug.create();
    const first = heap.malloc(1000);
    heap.free(first);
    const seen: Ptr[] = [];
    while (!seen.includes(first)) {
      const block = heap.malloc(1000);
      heap.free(block);
      seen.push(block);
    }
    // 1000 bytes and their guards take a block of 1152.
    expect(seen.length * 1152).toBeGreaterThan(1000 * KIB);
    heap.verify();
  });

  test("§2.3 memory pressure: gives way when memory is out", () => {
    const heap = debug.create({ maxBytes: 2 * 1024 * KIB });
    for (let i = 0; i < 100; i++) heap.free(heap.malloc(10_000));
    const block = heap.malloc(1_300_000);
    heap.free(block);
    heap.verify();
  });

  test("is empty after reset()", () => {
    const heap = debug.create();
    const block = heap.malloc(100);
    heap.free(block);
    heap.reset();
    expect(heap.malloc(100)).toBe(block);
    heap.verify();
  });
});
