/** Order statistics. Timings have a long upper tail, so everything here is a median and not a mean. */

export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median; NaN of nothing. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The median with a confidence interval that assumes no distribution: it reaches from the k-th smallest to the k-th
 * largest sample, with the largest k for which it holds the true median in at least 95 % of all cases. Nine samples
 * give the second smallest to the second largest (96 %); fewer than six give their whole range.
 */
export function medianInterval(samples: readonly number[]): Interval {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  // The true median lies below the k-th smallest with the probability of fewer than k heads in n throws of a coin.
  let below = 0.5 ** n;
  let term = below;
  let k = 0;
  while (k + 1 < n / 2) {
    term *= (n - k) / (k + 1);
    if (2 * (below + term) > 0.05) break;
    below += term;
    k++;
  }
  return { median: median(sorted), low: sorted[k] ?? NaN, high: sorted[n - 1 - k] ?? NaN };
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Element by element; both hold one value a round. */
export function ratios(samples: readonly number[], reference: readonly number[]): number[] {
  return samples.map((sample, round) => sample / reference[round]!);
}

/** Samples from which on the interval of a median has 95 %. */
const ENOUGH_SAMPLES = 6;

/** Where the median lies at the least and at the most: too few samples widen the interval by half its width on each side. */
export function bounds(samples: readonly number[]): Pick<Interval, "low" | "high"> {
  const { low, high } = medianInterval(samples);
  const margin = samples.length < ENOUGH_SAMPLES ? (high - low) / 2 : 0;
  return { low: low - margin, high: high + margin };
}
