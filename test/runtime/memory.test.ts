import { beforeAll, describe, expect, test } from "vitest";
import { LONG, compileModule } from "./compile.js";

interface Limited {
  hold(count: number): void;
  replace(times: number): void;
  append(bytes: number): number;
  verify(): number;
  memory: WebAssembly.Memory;
}

const PAGE_BYTES = 65_536;

describe("a program of 2 MiB", () => {
  const limit = 32;
  let module: WebAssembly.Module;
  beforeAll(async () => {
    module = await compileModule("limited", "-O", "--maximumMemory", String(limit));
  });
  const start = (): Limited =>
    new WebAssembly.Instance(module, { env: { abort: () => {} } }).exports as unknown as Limited;

  test.each([5_000, 20_000, 28_000])(
    "holds %i pairs of objects in one array while they are replaced",
    (count) => {
      const program = start();
      // The most of them leave no room for the mark stack: the collector has to look for what it could not note.
      program.hold(count);
      program.replace(LONG ? 3_000_000 : 100_000);
      expect(program.verify()).toBe(0);
      expect(program.memory.buffer.byteLength).toBeLessThanOrEqual(limit * PAGE_BYTES);
    },
  );

  test("traps when it holds more, with a heap that is sound", () => {
    const program = start();
    expect(() => program.hold(100_000)).toThrow(WebAssembly.RuntimeError);
    expect(program.verify()).toBe(0);
    // What the trapped call held stays on the shadow stack, and alive.
    expect(() => program.hold(100)).toThrow(WebAssembly.RuntimeError);
  });

  test("grows one buffer as far as copies of it allow", () => {
    const program = start();
    expect(program.append(500_000)).toBe(500_000);
    expect(program.verify()).toBe(0);
  });
});
