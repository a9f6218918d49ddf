import { instantiateSync } from "@assemblyscript/loader";
import { beforeAll, describe, expect, test } from "vitest";
import { LONG, compileModule } from "./compile.js";

type Program = Record<
  "strings" | "arrays" | "views" | "collections" | "functions",
  (rounds: number) => number
> & {
  fail(number: number): number;
  churn(count: number): number;
  verify(): number;
};

interface Way {
  readonly name: string;
  readonly flags: readonly string[];
  /** Of each part; fewer where every few objects are followed by a collection. */
  readonly rounds: number;
}

const OPTIMIZED = ["-O"];
const LEVELS = { debug: ["--debug"], "-O": OPTIMIZED, "-O3": ["-O3", "--converge"], "-Osize": ["-Osize"] };

function stressed(name: string, flags: readonly string[], n: number): Way {
  return {
    name: `${name}, a collection every ${n} objects`,
    flags: [...flags, "--use", `TALLYHEAP_STRESS=${n}`],
    rounds: Math.min(60 * n, 400),
  };
}

const ways: readonly Way[] = LONG
  ? Object.entries(LEVELS).flatMap(([name, flags]) => [
      { name, flags, rounds: 5000 },
      ...[1, 2, 3, 7, 20].map((n) => stressed(name, flags, n)),
    ])
  : [{ name: "-O", flags: OPTIMIZED, rounds: 1500 }, stressed("-O", OPTIMIZED, 1)];

describe.each(ways)("programs compiled with $name", ({ flags, rounds }) => {
  let program: Program;
  beforeAll(async () => {
    const module = await compileModule("main", ...flags);
    program = instantiateSync<Program>(module).exports;
  });

  test.each(["strings", "arrays", "views", "collections", "functions"] as const)("%s", (part) => {
    expect(program[part](rounds)).toBeGreaterThan(0);
    expect(program.verify()).toBe(0);
  });

  test("an abort carries its text, and the program goes on", () => {
    for (let number = 1; number < 20; number++)
      expect(() => program.fail(number)).toThrow(`failed with ${number}`);
    expect(program.churn(rounds)).toBeGreaterThan(0);
    expect(program.verify()).toBe(0);
  });
});

test("garbage of any amount is made in the memory of what lives", async () => {
  const { exports } = instantiateSync<Program & { memory: WebAssembly.Memory }>(
    await compileModule("main", ...OPTIMIZED),
  );
  exports.churn(10_000);
  const { byteLength } = exports.memory.buffer;
  exports.churn(LONG ? 20_000_000 : 1_000_000);
  expect(exports.memory.buffer.byteLength).toBe(byteLength);
});
