import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Heap, HeapOptions } from "../../bindings/index.js";
import { builds, MIB, type Build } from "../support/cores.js";
import { Random } from "../support/random.js";
import type { Family } from "./family.js";
import { Judge } from "./judge.js";
import { NaiveHeap } from "./naive.js";
import { randomScript, randomSize, type Script, type Step } from "./script.js";

/** `npm run test:long`, or TALLYHEAP_LONG=operations: the long run. */
const LONG = Number(process.env["TALLYHEAP_LONG"] ?? (process.env["MODE"] === "long" ? 2_000_000 : 0));
const OPERATIONS = LONG || 60_000;
const SEED = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);
const BATCH = 2_000;

interface Recorded {
  readonly name: string;
  readonly script: Script;
}
const corpus = JSON.parse(readFileSync(new URL("corpus.json", import.meta.url), "utf8")) as Recorded[];

/** Heaps that scripts run on, by what is special about them. */
const HEAPS: Record<string, () => HeapOptions> = {
  default: () => ({}),
  "smallThreshold 256": () => ({ smallThreshold: 256 }),
  "client arenas": () => ({ clientBytes: 100_000, initialBytes: 600_000 }),
  "poolBytes 256 KiB": () => ({ poolBytes: 262_144 }),
  "maxBytes 3 MiB": () => ({ maxBytes: 3 * MIB }),
  "a memory of somebody else": () => ({ memory: new WebAssembly.Memory({ initial: 8 }) }),
};
const KINDS = Object.keys(HEAPS);

/** A heap as the judge sees it. */
function familyOf(heap: Heap, memory: WebAssembly.Memory | undefined): Family {
  const disturb = (): void => void (memory ? memory.grow(1) : heap.trim());
  return {
    malloc: (size) => heap.malloc(size),
    calloc: (count, size) => heap.calloc(count, size),
    realloc: (ptr, size) => heap.realloc(ptr, size),
    alignedAlloc: (alignment, size) => heap.alignedAlloc(alignment, size),
    free: (ptr) => heap.free(ptr),
    usableSize: (ptr) => heap.usableSize(ptr),
    bytes: (ptr, length) => heap.bytes(ptr, length),
    verify: () => heap.verify(),
    reset: () => heap.reset(),
    disturb,
  };
}

function play(build: Build, kind: string, script: Script): void {
  const options = HEAPS[kind]!();
  const heap = build.create(options);
  const tight = build.name === "release" && options.poolBytes === undefined;
  const judge = new Judge(familyOf(heap, options.memory), { tight, limited: options.maxBytes !== undefined });
  judge.play(script);
  judge.finish();
  if (build.name === "release") expect(heap.stats()).toMatchObject({ heapUsed: 0, arenas: 0, spans: 0 });
}

describe("the judge and the naive reference", () => {
  test.each(corpus)("$name", ({ script }) => {
    const judge = new Judge(new NaiveHeap(1 << 24), { tight: true });
    judge.play(script);
    judge.finish();
  });

  test("random scripts", () => {
    for (let seed = 0; seed < 5; seed++) {
      const judge = new Judge(new NaiveHeap(1 << 27), { tight: true });
      judge.play(randomScript(seed, 500));
      judge.finish();
    }
  });

  test("the judge sees an overlap, a lost byte, a dirty calloc and a wrong alignment", () => {
    class Broken extends NaiveHeap {
      override malloc(size: number) {
        const ptr = super.malloc(size);
        super.free(ptr);
        return ptr;
      }
      override usableSize(): number {
        return 0;
      }
    }
    const broken = (): Judge => new Judge(new Broken(1 << 16), { tight: false });
    expect(() =>
      broken().play([
        ["m", 0],
        ["m", 0],
      ]),
    ).toThrow("overlaps");
    class Dirty extends NaiveHeap {
      override calloc(count: number, size: number) {
        const ptr = super.calloc(count, size);
        this.bytes(ptr, 1)[0] = 1;
        return ptr;
      }
      override realloc(ptr: Parameters<NaiveHeap["realloc"]>[0], size: number) {
        const moved = super.realloc(ptr, size);
        this.bytes(moved, 2)[1] = 99;
        return moved;
      }
      override alignedAlloc(alignment: number, size: number) {
        return super.alignedAlloc(Math.min(alignment, 16), size);
      }
    }
    const dirty = (): Judge => new Judge(new Dirty(1 << 16), { tight: false });
    expect(() => dirty().play([["c", 2, 4]])).toThrow("not zero");
    expect(() =>
      dirty().play([
        ["m", 8],
        ["r", 0, 12],
      ]),
    ).toThrow("byte 1");
    expect(() => dirty().play([["a", 4096, 4]])).toThrow("not aligned");
  });
});

describe.each(builds)("the malloc family against a plain model, $name core", (build) => {
  test.each(corpus)("recorded: $name", ({ script }) => {
    for (const kind of KINDS) play(build, kind, script);
  });

  test(`${OPERATIONS} random operations, verified after every ${BATCH}`, { timeout: 3_600_000 }, () => {
    console.log(`model test, ${build.name} core: TALLYHEAP_SEED=${SEED}`);
    for (let batch = 0; batch * BATCH < OPERATIONS; batch++) {
      const seed = SEED + batch;
      const kind = KINDS[batch % KINDS.length]!;
      try {
        play(build, kind, randomScript(seed, BATCH));
      } catch (cause) {
        throw new Error(`${kind}, randomScript(${seed}, ${BATCH}): ${String(cause)}`, { cause });
      }
    }
  });

  test("scripts that fast-check makes, and shrinks when they fail", { timeout: 3_600_000 }, () => {
    const size = fc.nat({ max: 2 ** 30 }).map((seed) => randomSize(new Random(seed)));
    const pick = fc.nat({ max: 100 });
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant("m" as const), size) },
      { weight: 2, arbitrary: fc.tuple(fc.constant("c" as const), fc.nat({ max: 3 }), size) },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constant("a" as const),
          fc.nat({ max: 16 }).map((n) => 2 ** n),
          size,
        ),
      },
      { weight: 4, arbitrary: fc.tuple(fc.constant("r" as const), pick, size) },
      { weight: 6, arbitrary: fc.tuple(fc.constant("f" as const), pick) },
      { weight: 1, arbitrary: fc.constant(["0"] as const) },
      { weight: 1, arbitrary: fc.constant(["x"] as const) },
      { weight: 1, arbitrary: fc.constant(["t"] as const) },
    );
    const script = fc.array(step, { maxLength: 120, size: "max" });
    const numRuns = Math.ceil(OPERATIONS / 500);
    fc.assert(
      fc.property(script, fc.constantFrom(...KINDS), (steps, kind) => play(build, kind, [...steps, ["v"]])),
      { seed: SEED, numRuns },
    );
  });
});
