import { describe, expect, test } from "vitest";
import { link, type LinkOptions } from "../../bindings/link/link.js";
import { Random } from "../support/random.js";
import { CLIENT, DEFINED, FAMILY, wat } from "./modules.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const HEAP_BASE = 100_000;

interface Client {
  readonly memory: WebAssembly.Memory;
  make(size: number): number;
  zeroed(count: number, size: number): number;
  resize(block: number, size: number): number;
  release(block: number): void;
  aligned(alignment: number, size: number): number;
  posix(out: number, alignment: number, size: number): number;
  usable(block: number): number;
  info(out: number): void;
  verify(): number;
}

async function linked(text = CLIENT, options: LinkOptions = {}, imports: WebAssembly.Imports = {}) {
  const bytes = await link(wat(text), options);
  const { instance, module } = await WebAssembly.instantiate(bytes, imports);
  return { client: instance.exports as unknown as Client, module };
}

describe("a linked module", () => {
  test("imports nothing that it did not need before, and exports what it did", async () => {
    const { module } = await linked();
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(WebAssembly.Module.exports(module)).toEqual(
      WebAssembly.Module.exports(new WebAssembly.Module(wat(CLIENT))),
    );
  });

  test("keeps its statics, and gets blocks above them that keep what is written", async () => {
    const { client } = await linked();
    const seed = Date.now() >>> 0;
    const random = new Random(seed);
    const live: { block: number; size: number; fill: number }[] = [];
    const damaged = (block: number, size: number, fill: number) =>
      new Uint8Array(client.memory.buffer, block, size).findIndex((byte) => byte !== fill);
    const fill = (block: number, size: number, value: number) => {
      expect(block, `seed ${seed}`).toBeGreaterThanOrEqual(HEAP_BASE);
      new Uint8Array(client.memory.buffer, block, size).fill(value);
      live.push({ block, size, fill: value });
    };
    for (let i = 0; i < 20_000; i++) {
      const size = 1 + random.below(random.chance(2) ? 100_000 : 600);
      if (live.length < 200 || random.chance(45)) {
        const block = random.chance(30) ? client.zeroed(size, 1) : client.make(size);
        fill(block, size, i & 255);
        continue;
      }
      const [old] = live.splice(random.below(live.length), 1);
      expect(damaged(old!.block, old!.size, old!.fill), `seed ${seed}`).toBe(-1);
      if (random.chance(70)) client.release(old!.block);
      else {
        const block = client.resize(old!.block, size);
        expect(damaged(block, Math.min(size, old!.size), old!.fill), `seed ${seed}`).toBe(-1);
        fill(block, size, i & 255);
      }
    }
    for (const { block, size, fill: value } of live) expect(damaged(block, size, value)).toBe(-1);
    const text = (at: number, length: number) =>
      new TextDecoder().decode(new Uint8Array(client.memory.buffer, at, length));
    expect([text(1024, 5), text(99_990, 4)]).toEqual(["first", "last"]);
    expect(client.verify()).toBe(0);
  });

  test("zeroes what calloc gives, used memory too", async () => {
    const { client } = await linked();
    for (const size of [8, 100, 5000, 100_000]) {
      const dirty = client.make(size);
      new Uint8Array(client.memory.buffer, dirty, size).fill(1);
      client.release(dirty);
      const block = client.zeroed(1, size);
      expect(new Uint8Array(client.memory.buffer, block, size).every((byte) => byte === 0)).toBe(true);
    }
  });

  test("realloc keeps the contents", async () => {
    const { client } = await linked();
    const block = client.make(100);
    new Uint8Array(client.memory.buffer).fill(9, block, block + 100);
    const larger = client.resize(block, 500_000);
    expect(
      new Uint8Array(client.memory.buffer).subarray(larger, larger + 100).every((byte) => byte === 9),
    ).toBe(true);
  });

  test("has posix_memalign, malloc_usable_size and mallinfo2", async () => {
    const { client } = await linked();
    for (let alignment = 4; alignment <= 4 * MIB; alignment *= 2) {
      expect(client.posix(2000, alignment, 100)).toBe(0);
      const block = new DataView(client.memory.buffer).getUint32(2000, true);
      expect(block % alignment).toBe(0);
      expect(client.usable(block)).toBeGreaterThanOrEqual(100);
    }
    expect(client.posix(2000, 24, 100)).toBe(28);
    client.info(2000);
    const [arena, , , , , , , used, free] = new Uint32Array(client.memory.buffer, 2000, 10);
    expect(arena).toBe(used! + free!);
    expect(client.verify()).toBe(0);
  });

  test("is no larger than its contents by more than an eighth and a MiB", async () => {
    const { client } = await linked();
    expect(client.memory.buffer.byteLength).toBeLessThan(512 * KIB);
    for (let bytes = 0; bytes < 40 * MIB; bytes += 1008) {
      client.make(1000);
      if (bytes % 4_000_000 < 1008) {
        const expected = 1.125 * (bytes * 1.05) + 1.5 * MIB;
        expect(client.memory.buffer.byteLength).toBeLessThan(expected);
      }
    }
  });

  test("grows as the options say", async () => {
    const { client } = await linked(CLIENT, { growth: { factor: 1, floorBytes: 8 * MIB } });
    client.make(300_000);
    client.make(300_000);
    client.make(300_000);
    expect(client.memory.buffer.byteLength % (256 * KIB)).toBe(0);
    const before = client.memory.buffer.byteLength;
    for (let i = 0; i < 20; i++) client.make(1 * MIB);
    expect(client.memory.buffer.byteLength - before).toBeGreaterThanOrEqual(20 * MIB);
  });

  test("serves out of memory as null, and goes on", async () => {
    const { client } = await linked(
      CLIENT.replace('(memory (export "memory") 2)', '(memory (export "memory") 2 32)'),
    );
    const blocks = [];
    for (let block = client.make(10_000); block; block = client.make(10_000)) blocks.push(block);
    expect(blocks.length).toBeGreaterThan(100);
    expect(client.memory.buffer.byteLength).toBe(2 * MIB);
    for (const block of blocks) client.release(block);
    expect(client.make(100_000)).toBeGreaterThan(0);
    expect(client.verify()).toBe(0);
  });

  test("takes its memory from the host where it did before", async () => {
    const text = CLIENT.replace('(memory (export "memory") 2)', '(import "env" "memory" (memory 2))');
    const memory = new WebAssembly.Memory({ initial: 16 });
    const { client } = await linked(text, {}, { env: { memory } });
    const block = client.zeroed(1, 100);
    expect(block).toBeGreaterThan(HEAP_BASE);
    expect(client.verify()).toBe(0);
  });

  test("knows without __heap_base that its memory at the start is its own", async () => {
    const { client } = await linked(`(module ${FAMILY} (memory (export "memory") 5))`);
    expect(client.make(10)).toBeGreaterThanOrEqual(5 * 64 * KIB);
  });

  test("imports its malloc from the module that the option names", async () => {
    const { client } = await linked(CLIENT.replaceAll('"env"', '"libc"'), { module: "libc" });
    expect(client.make(10)).toBeGreaterThan(HEAP_BASE);
  });

  test("runs its start function once", async () => {
    const text = CLIENT.replace(
      "(data (i32.const 1024)",
      `(func $init (i32.store (i32.const 4000) (i32.add (i32.load (i32.const 4000)) (i32.const 1))))
       (start $init) (data (i32.const 1024)`,
    );
    const { client } = await linked(text);
    expect(new DataView(client.memory.buffer).getUint32(4000, true)).toBe(1);
  });
});

describe("a module that defines malloc", () => {
  interface Defined {
    readonly memory: WebAssembly.Memory;
    grab(size: number): number;
    drop(block: number): void;
    resize(block: number, size: number): number;
  }

  test("has it replaced by its name", async () => {
    const bytes = await link(wat(DEFINED, true));
    const { instance } = await WebAssembly.instantiate(bytes);
    const client = instance.exports as unknown as Defined;
    const blocks = Array.from({ length: 100 }, () => client.grab(20));
    expect(new Set(blocks).size).toBe(100);
    expect(blocks.every((block) => block % 16 === 0)).toBe(true);
    client.drop(blocks[5]!);
    const again = Array.from({ length: 200 }, () => client.grab(20));
    expect(again).toContain(blocks[5]);
    expect(client.resize(blocks[7]!, 30)).toBe(blocks[7]);
  });

  test("or by its export", async () => {
    const exported = DEFINED.replace("(func $malloc (param", '(func $malloc (export "malloc") (param')
      .replace("(func $free (param", '(func $free (export "free") (param')
      .replace("(func $realloc (param", '(func $realloc (export "realloc") (param');
    const bytes = await link(wat(exported, false));
    const { instance } = await WebAssembly.instantiate(bytes);
    const client = instance.exports as unknown as Defined & { malloc(size: number): number };
    expect(client.malloc(24) % 16).toBe(0);
  });

  test("is refused where a part of it has no name", async () => {
    const partly = DEFINED.replace("(func $malloc (param", '(func $malloc (export "malloc") (param');
    await expect(link(wat(partly, false))).rejects.toThrow(/keeps a part of its own allocator.*libc recipe/);
    await expect(link(wat(DEFINED, false))).rejects.toThrow(/neither imports malloc .*libc recipe/);
  });
});
