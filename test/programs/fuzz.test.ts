/**
 * Random programs for as long as one likes, over all cores and modes in turn: `npm run fuzz -- --minutes N --seed S`. A
 * program that fails is shrunk and printed with its actions by name; it belongs into corpus.json then.
 */
import { expect, test } from "vitest";
import { stress } from "../../bindings/testing.js";
import { allBuilds, type Build } from "../support/cores.js";
import { run } from "./program.js";

const MINUTES = Number(process.env["TALLYHEAP_MINUTES"] ?? 0);
const SEED = Number(process.env["TALLYHEAP_SEED"] ?? Date.now() % 1_000_000_007);
const PROGRESS_MS = 10_000;

/** What a heap is like, besides its core. */
const MODES: Readonly<Record<string, (build: Build) => Build>> = {
  plain: (build) => build,
  "a collection at every allocation": (build) => ({
    ...build,
    create: (options) => {
      const heap = build.create(options);
      stress(heap, 1);
      return heap;
    },
  }),
  "automatic collections in slices": (build) => ({
    ...build,
    create: (options) => build.create({ ...options, pauseGoalMs: 0.01 }),
  }),
  "growth by the least": (build) => ({
    ...build,
    create: (options) =>
      build.create({ ...options, growth: { factor: 1, floorBytes: 262_144, capBytes: 262_144 } }),
  }),
};

test.skipIf(MINUTES === 0)(
  "random programs over all cores and modes",
  { timeout: (MINUTES + 5) * 60_000 },
  () => {
    const ways = allBuilds.flatMap((build) =>
      Object.entries(MODES).map(([mode, apply]) => ({ name: `${build.name}, ${mode}`, build: apply(build) })),
    );
    const end = performance.now() + MINUTES * 60_000;
    let [programs, actions, shown] = [0, 0, performance.now()];
    for (; performance.now() < end; programs++) {
      const { name, build } = ways[programs % ways.length]!;
      const seed = SEED + programs;
      try {
        actions += run(build, { seed });
      } catch (error) {
        throw new Error(`${name}: --seed ${seed}`, { cause: error });
      }
      if (performance.now() - shown < PROGRESS_MS) continue;
      shown = performance.now();
      const left = Math.ceil((end - shown) / 60_000);
      console.log(`${programs} programs, ${actions} actions, ${left} minutes left`);
    }
    const what = `${programs} programs of ${actions} actions`;
    console.log(`fuzz: ${what} from seed ${SEED} in ${ways.length} modes, nothing found`);
    expect(programs).toBeGreaterThan(0);
  },
);
