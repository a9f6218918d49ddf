import { instantiateSync, type ASUtil } from "@assemblyscript/loader";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pathToFileURL } from "node:url";
import { root } from "../project/repository.js";
import { LONG, RUNTIME, compile, compileModule } from "./compile.js";

interface Bound {
  greet(name: string): string;
  lengths(texts: string[]): number[];
  doubled(numbers: Float64Array): Float64Array;
  bytes(buffer: ArrayBuffer): number;
  hold(text: string): void;
  heldText(): string;
  churn(count: number): number;
  raw(bytes: number): number;
  verify(): number;
  fail(number: number): number;
}

const CALLS = LONG ? 20_000 : 1_000;

describe.each(["esm", "raw"])("bindings that asc generates: %s", (kind) => {
  let folder = "";
  let program: Bound;
  beforeAll(async () => {
    mkdirSync(join(root, "build"), { recursive: true });
    folder = mkdtempSync(join(root, "build/bindings-"));
    const files = await compile("main", ...RUNTIME, "--bindings", kind, "-O", "--use", "TALLYHEAP_STRESS=9");
    for (const [ending, contents] of files) writeFileSync(join(folder, `main.${ending}`), contents);
    const glue = (await import(pathToFileURL(join(folder, "main.js")).href)) as Bound & {
      instantiate(module: WebAssembly.Module, imports: object): Promise<Bound>;
    };
    const module = new WebAssembly.Module(files.get("wasm") as Uint8Array<ArrayBuffer>);
    program = kind === "esm" ? glue : await glue.instantiate(module, { env: {} });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("carry strings, arrays, typed arrays and buffers both ways", () => {
    for (let call = 0; call < CALLS; call++) {
      const texts = Array.from({ length: call % 20 }, (_, i) => "€".repeat((call * i) % 50));
      expect(program.lengths(texts)).toEqual(texts.map(({ length }) => length));
      expect(program.greet(`number ${call}`)).toBe(`hello, number ${call}`);
      const numbers = Float64Array.from(texts, ({ length }) => length + 0.5);
      expect(program.doubled(numbers)).toEqual(numbers.map((number) => number * 2));
      expect(program.bytes(new ArrayBuffer(call))).toBe(call);
      program.hold(String(call));
    }
    expect(program.heldText()).toBe(Array.from({ length: CALLS }, (_, call) => call).join());
    expect(program.raw(1000)).toBe(7000);
    expect(program.verify()).toBe(0);
  });
});

describe("the loader", () => {
  interface Loaded {
    churn(count: number): number;
    lengths(texts: number): number;
    heldText(): number;
    hold(text: number): void;
    verify(): number;
    textsId: WebAssembly.Global;
  }
  const load = async (...flags: string[]) =>
    instantiateSync<Loaded & Record<string, unknown>>(await compileModule("main", "-O", ...flags)).exports;

  test("what the host pins stays, what it unpins goes", async () => {
    const program = await load();
    const pinned = Array.from({ length: 5000 }, (_, i) => program.__pin(program.__newString(`pinned ${i}`)));
    program.churn(200_000);
    program.__collect();
    pinned.forEach((text, i) => expect(program.__getString(text)).toBe(`pinned ${i}`));
    // In an order of its own, so that gaps open all over the table.
    pinned.filter((_, i) => i % 3 !== 0).forEach(program.__unpin);
    program.churn(200_000);
    pinned.forEach((text, i) => i % 3 === 0 && expect(program.__getString(text)).toBe(`pinned ${i}`));
    pinned.filter((_, i) => i % 3 === 0).forEach(program.__unpin);
    program.__collect();
    expect(program.verify()).toBe(0);
  });

  test("pinning twice and unpinning what is not pinned abort", async () => {
    const program = await load();
    expect(() => program.__unpin(program.__newString("never pinned"))).toThrow("not pinned");
    const text = program.__pin(program.__newString("once"));
    expect(() => program.__pin(text)).toThrow("already pinned");
    program.__unpin(text);
    expect(() => program.__unpin(text)).toThrow("not pinned");
    expect(program.__pin(0)).toBe(0);
    program.__unpin(0);
    expect(program.__getString(program.__pin(text))).toBe("once");
  });

  test("arrays and strings cross", async () => {
    const program = await load("--use", "TALLYHEAP_STRESS=1");
    for (let call = 0; call < 200; call++) {
      const texts = Array.from({ length: call % 9 }, (_, i) => `text ${i}`);
      const lengths = program.lengths(program.__pin(newStrings(program, texts)));
      expect(program.__getArray(lengths)).toEqual(texts.map(({ length }) => length));
    }
    expect(program.verify()).toBe(0);
  });

  /** A string[] of the program. Its class is that of the argument of a function that is there for this. */
  function newStrings(program: Loaded & ASUtil, texts: string[]): number {
    const pointers = texts.map((text) => program.__pin(program.__newString(text)));
    const array = program.__newArray(program.textsId.value as number, pointers);
    pointers.forEach(program.__unpin);
    return array;
  }
});
