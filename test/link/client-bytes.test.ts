/** What a module that imports the heap's memory needs reserved, and which modules cannot be clients. */
import { expect, test } from "vitest";
import { createHeap } from "tallyheap";
import { clientBytes } from "tallyheap/c";
import { wat } from "./modules.js";

const BASE = 262_144;
const imported = '(import "env" "memory" (memory 9))';
const heapBase = (at: number): string => `(global (export "__heap_base") i32 (i32.const ${at}))`;

test("data and stack behind the base, up to __heap_base", () => {
  const module = wat(`(module ${imported} ${heapBase(BASE + 70_000)} (data (i32.const ${BASE}) "data"))`);
  const reserved = clientBytes(module);
  expect(reserved).toBe(70_000);
  const heap = createHeap({ clientBytes: reserved });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory: heap.memory } });
  expect(instance.exports["__heap_base"]).toMatchObject({ value: BASE + 70_000 });
  expect(heap.malloc(100)).toBeGreaterThanOrEqual(BASE + 70_000);
  heap.verify();
});

test.each<[string, () => Uint8Array<ArrayBuffer>, RegExp]>([
  ["not wasm", () => new TextEncoder().encode("nothing of the kind"), /^the module is not a wasm file$/],
  [
    "its own memory",
    () => wat(`(module (memory (export "memory") 9) ${heapBase(BASE + 8)})`),
    /^the module imports no memory: link it with --import-memory$/,
  ],
  [
    "data below 256 KiB",
    () => wat(`(module ${imported} ${heapBase(BASE + 8)} (data (i32.const 1024) "data"))`),
    /^the module has data at 1024: link it with --global-base=262144$/,
  ],
  [
    "its stack below 256 KiB",
    () => wat(`(module ${imported} (global (mut i32) (i32.const 65536)) ${heapBase(BASE + 8)})`),
    /^the module has its stack below 65536: link it with --no-stack-first$/,
  ],
])("%s is refused", (_, module, message) => {
  expect(() => clientBytes(module())).toThrow(
    expect.objectContaining({ code: "ERR_HEAP_ARGUMENT", message: expect.stringMatching(message) }),
  );
});
