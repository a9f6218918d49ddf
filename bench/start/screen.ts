/** The parts of the first screen: bars, sentences computed from the figures, lines of at most 80 columns. */

import { find, workloads, type Row } from "../lib/results.js";
import { geometricMean, medianInterval, ratios, type Interval } from "../lib/statistics.js";

export const COLUMNS = 80;

const EIGHTHS = " ▏▎▍▌▋▊▉█";

/** `value` of `most` as a bar of `width` characters, to an eighth of a character. */
export function bar(value: number, most: number, width: number): string {
  const eighths = Math.min(width * 8, Math.max(1, Math.round((value / most) * width * 8)));
  const rest = eighths % 8;
  return ("█".repeat(eighths >>> 3) + (rest > 0 ? EIGHTHS[rest]! : "")).padEnd(width);
}

/** Breaks a text into lines at spaces. */
export function wrap(text: string, columns = COLUMNS): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Geometric mean over all workloads of the per-round ratios of one contender to another. */
export function meanAgainst(rows: readonly Row[], contender: string, other: string): Interval {
  const perWorkload = workloads(rows).map((workload) => perRound(rows, workload, contender, other));
  const rounds = Math.min(...perWorkload.map((samples) => samples.length));
  return medianInterval(
    Array.from({ length: rounds }, (_, round) =>
      geometricMean(perWorkload.map((samples) => samples[round]!)),
    ),
  );
}

function perRound(rows: readonly Row[], workload: string, contender: string, other: string): number[] {
  return ratios(find(rows, workload, contender)?.samples ?? [], find(rows, workload, other)?.samples ?? []);
}

/** Rounds from which on the interval of a median has 95 %; with fewer it is widened by half its width on each side. */
const ENOUGH_ROUNDS = 6;

/** The workloads on which one contender is faster than another, slower, and those where noise exceeds the difference. */
export interface Verdict {
  readonly faster: readonly string[];
  readonly slower: readonly string[];
  readonly unclear: readonly string[];
}

export function compare(rows: readonly Row[], contender: string, other: string): Verdict {
  const faster: string[] = [];
  const slower: string[] = [];
  const unclear: string[] = [];
  for (const workload of workloads(rows)) {
    const samples = perRound(rows, workload, contender, other);
    const { low, high } = medianInterval(samples);
    const margin = samples.length < ENOUGH_ROUNDS ? (high - low) / 2 : 0;
    (high + margin < 1 ? faster : low - margin > 1 ? slower : unclear).push(workload);
  }
  return { faster, slower, unclear };
}

/** A verdict that names the workloads, the last ones as all others. */
export function inWords({ faster, slower, unclear }: Verdict): string {
  const verdicts = [
    ["faster", faster],
    ["slower", slower],
    ["within noise", unclear],
  ] as const;
  const given = verdicts.filter(([, names]) => names.length > 0);
  const where = (names: readonly string[], isLast: boolean): string =>
    !isLast ? `on ${names.join(", ")}` : given.length > 1 ? "elsewhere" : "on all";
  return given.map(([verdict, names], i) => `${verdict} ${where(names, i === given.length - 1)}`).join("; ");
}

/** A verdict that counts them, in the order of its fields. */
export function inNumbers({ faster, slower, unclear }: Verdict): string {
  return [faster, slower, unclear].map(({ length }) => length).join(", ");
}

/** Of some contenders the one with the least geometric mean against `reference`; undefined of none. */
export function fastest(
  rows: readonly Row[],
  names: readonly string[],
  reference: string,
): string | undefined {
  const present = names.filter((name) => rows.some((row) => row.contender === name));
  const mean = (name: string): number => meanAgainst(rows, name, reference).median;
  return present.sort((a, b) => mean(a) - mean(b))[0];
}
