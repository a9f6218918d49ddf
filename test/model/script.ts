import { Random } from "../support/random.js";

/**
 * One step of a script, short enough for a corpus file:
 *
 *     ["m", size]  ["c", count, size]  ["a", alignment, size]  ["r", pick, size]  ["f", pick]  ["0"]  ["v"]  ["x"]  ["t"]
 *
 * malloc, calloc, alignedAlloc, realloc and free of the pick-th live block (modulo how many there are), realloc(null,
 * 0) and free(null), verify, reset, trim (or growth by another holder of the memory).
 */
export type Step =
  | readonly ["m", number]
  | readonly ["c", number, number]
  | readonly ["a", number, number]
  | readonly ["r", number, number]
  | readonly ["f", number]
  | readonly ["0"]
  | readonly ["v"]
  | readonly ["x"]
  | readonly ["t"];

export type Script = readonly Step[];

/** Sizes as programs ask for them: mostly small, now and then at a boundary, rarely huge. */
export function randomSize(random: Random): number {
  const kind = random.below(100);
  if (kind < 40) return random.below(65);
  if (kind < 65) return random.below(520);
  if (kind < 80) return 500 + random.below(4000);
  if (kind < 90) return boundary(random);
  if (kind < 97) return 4000 + random.below(30_000);
  if (kind < 99) return 32_000 + random.below(100_000);
  return 200_000 + random.below(900_000);
}

/** A size one off from where something changes. */
function boundary(random: Random): number {
  const edges = [8, 16, 256, 512, 4096, 8192, 32_768, 65_536, 61 * 4096, 262_144, 2 * 262_144];
  return edges[random.below(edges.length)]! - 1 + random.below(3);
}

/**
 * A script of `length` steps. It allocates more than it frees in one phase and the other way round in the next, so
 * that heaps fill, fragment and drain.
 */
export function randomScript(seed: number, length: number): Script {
  const random = new Random(seed);
  const steps: Step[] = [];
  const phase = 50 + random.below(400);
  for (let i = 0; i < length; i++) steps.push(randomStep(random, Math.floor(i / phase) % 2 === 0));
  return [...steps, ["v"]];
}

function randomStep(random: Random, filling: boolean): Step {
  const kind = random.below(1000);
  if (kind < (filling ? 550 : 300)) return ["m", randomSize(random)];
  if (kind < (filling ? 600 : 330)) return ["c", 1 + random.below(4), Math.floor(randomSize(random) / 2)];
  if (kind < (filling ? 640 : 350)) return ["a", 2 ** random.below(17), randomSize(random)];
  if (kind < (filling ? 780 : 500)) return ["r", random.below(1 << 16), randomSize(random)];
  if (kind < 996) return ["f", random.below(1 << 16)];
  if (kind < 998) return ["0"];
  return random.below(2) === 0 ? ["v"] : ["t"];
}
