import * as layout from "../generated/layout.js";
import { freePages, headerAt } from "../core/arena-header.js";
import { takeCensus, type ClassCount } from "../core/census.js";
import type { Core } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import type { HeapStats } from "../core/stats.js";

/**
 * What the bytes of all arenas are used for. Pools come from the census, unused pages from the arenas' own bits, page
 * tables and spans from the statistics: three sources that only add up to arenas · 256 KiB if all of them are right.
 */
interface Usage {
  readonly allocated: number;
  readonly available: number;
  readonly unusedPools: number;
  readonly headers: number;
  readonly quantization: number;
  readonly spans: number;
}

/**
 * The text of CPython's `sys._debugmallocstats()`, in its layout and order. One line is added, the bytes in spans:
 * CPython leaves large requests to the system. Pool headers are the page tables; there is no arena alignment to lose.
 * @throws HeapError `ERR_HEAP_CORRUPT` if the closing sum is not the arenas' bytes
 */
export function mallocStatsText(core: Core, stats: HeapStats): string {
  const counts = takeCensus(core);
  // Spans that wait for the next request are nobody's.
  const usage = account(stats, counts, countFreePages(core) + core.state(layout.STATE_RECENT_PAGES));
  checkSum(total(usage), stats.arenas * layout.ARENA_BYTES);
  return [
    ...classTable(core, counts),
    "",
    ...arenaLines(core, stats),
    "",
    ...usageLines(usage),
    "",
    "arena map counts",
    line("# bytes lost to arena map root", layout.MAP_ENTRIES * 4),
    "",
  ].join("\n");
}

function account(stats: HeapStats, counts: readonly ClassCount[], unusedPools: number): Usage {
  const allocated = sum(counts, ({ live, size }) => live * size);
  const available = sum(counts, ({ available, size }) => available * size);
  const pools = sum(counts, (count) => count.pools);
  return {
    allocated,
    available,
    unusedPools,
    headers: stats.tableBytes,
    quantization: pools * layout.PAGE_BYTES - allocated - available,
    spans: stats.spanBytes,
  };
}

/** Free pages of all arenas that have some, by the arenas' own bits. */
function countFreePages(core: Core): number {
  let pages = 0;
  const frontier = core.state(layout.STATE_FRONTIER);
  for (let index = core.state(layout.STATE_FIRST); index < frontier; index++) {
    const entry = core.arenaEntry(index);
    if (entry < layout.ARENA_PAGED) continue;
    const [low, high] = freePages(core, headerAt(core, entry));
    pages += ones(low) + ones(high);
  }
  return pages;
}

function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function total(usage: Usage): number {
  const { allocated, available, unusedPools, headers, quantization, spans } = usage;
  return allocated + available + unusedPools * layout.PAGE_BYTES + headers + quantization + spans;
}

function checkSum(actual: number, expected: number): void {
  if (actual === expected) return;
  const message = `the statistics are damaged: ${actual} bytes are accounted for, but the arenas have ${expected}`;
  throw new HeapError("ERR_HEAP_CORRUPT", message, { operation: "debugMallocStats", expected, actual });
}

function classTable(core: Core, counts: readonly ClassCount[]): string[] {
  const threshold = core.state(layout.STATE_THRESHOLD);
  return [
    `Small block threshold = ${threshold}, in ${threshold / 8} size classes.`,
    "",
    "class   size   num pools   blocks in use  avail blocks",
    "-----   ----   ---------   -------------  ------------",
    ...counts.map(
      ({ index, size, pools, live, available }) =>
        `${pad(index, 5)} ${pad(size, 6)} ${pad(pools, 11)} ${pad(live, 15)} ${pad(available, 13)}`,
    ),
  ];
}

function arenaLines(core: Core, stats: HeapStats): string[] {
  const serial = core.state(layout.STATE_DEBUG + layout.DEBUG_SERIAL);
  return [
    ...(serial > 0 ? [line("# times object malloc called", serial)] : []),
    line("# arenas allocated total", stats.arenasAllocated),
    line("# arenas reclaimed", stats.arenasReclaimed),
    line("# arenas highwater mark", stats.arenasHighWater),
    line("# arenas allocated current", stats.arenas),
    line(`${stats.arenas} arenas * ${layout.ARENA_BYTES} bytes/arena`, stats.arenas * layout.ARENA_BYTES),
  ];
}

function usageLines(usage: Usage): string[] {
  return [
    line("# bytes in allocated blocks", usage.allocated),
    line("# bytes in available blocks", usage.available),
    line(
      `${usage.unusedPools} unused pools * ${layout.PAGE_BYTES} bytes`,
      usage.unusedPools * layout.PAGE_BYTES,
    ),
    line("# bytes lost to pool headers", usage.headers),
    line("# bytes lost to quantization", usage.quantization),
    line("# bytes lost to arena alignment", 0),
    line("# bytes in spans", usage.spans),
    line("Total", total(usage)),
  ];
}

/** A label, `=` in column 36, and the value with commas, right-aligned: CPython's printone(). */
function line(label: string, value: number): string {
  return `${label.padEnd(35)}=${value.toLocaleString("en-US").padStart(21)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
