/** The parts of the first screen: bars, sentences computed from the figures, lines of at most 80 columns. */

import { find, meanOfRatios, workloads, type Row } from "../lib/results.js";
import { bounds, ratios } from "../lib/statistics.js";

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
export function meanAgainst(rows: readonly Row[], contender: string, other: string): number {
  return (
    meanOfRatios(workloads(rows).map((workload) => perRound(rows, workload, contender, other)))?.median ?? NaN
  );
}

function perRound(rows: readonly Row[], workload: string, contender: string, other: string): number[] {
  return ratios(find(rows, workload, contender)?.samples ?? [], find(rows, workload, other)?.samples ?? []);
}

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
    const { low, high } = bounds(perRound(rows, workload, contender, other));
    (high < 1 ? faster : low > 1 ? slower : unclear).push(workload);
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
  const mean = (name: string): number => meanAgainst(rows, name, reference);
  return present.sort((a, b) => mean(a) - mean(b))[0];
}
