/** The parts of a report: each a heading, what it shows, the chart, and the figures as a table. */

import type { ReportData } from "../src/report-data.js";
import { unpackMap } from "../src/report-data.js";
import { ArenaMapView } from "./arena-map.js";
import { choice, h } from "./dom.js";
import * as format from "./format.js";
import { plot, type PlotSeries } from "./plot.js";
import { foldedTable, table, type Column } from "./table.js";
import { typeTreemap } from "./treemap.js";

const GENERATIONS = ["young (0)", "middle (1)", "full (2)"];
const CONTENDER_COLOURS = 8;

/** A part of the page; undefined if the report has no data for it. */
type Section = (data: ReportData) => HTMLElement | undefined;

function section(
  id: string,
  title: string,
  about: string,
  ...parts: (HTMLElement | undefined)[]
): HTMLElement {
  const heading = h("h2", { id }, title);
  return h("section", { "aria-labelledby": id }, heading, h("p", { class: "about" }, about), ...parts);
}

const arenas: Section = ({ maps }) => {
  if (maps === undefined || maps.length === 0) return undefined;
  const view = new ArenaMapView("Map of the arenas");
  const place = h("div");
  const show = (index: number): void => {
    const map = unpackMap(maps[index]!.map);
    view.show(map);
    const rows = map.arenas.map((start) => {
      const uses = map.uses.filter(({ address }) => address >= start && address < start + map.arenaBytes);
      const of = (kind: string) => uses.filter((use) => use.kind === kind);
      const pools = of("pool");
      const inUse = pools.reduce((sum, { live, blockBytes }) => sum + live * blockBytes, 0);
      const pages = uses.reduce((sum, use) => sum + use.pages, 0);
      const all = map.arenaBytes / map.pageBytes;
      return { start, pools: pools.length, inUse, spans: of("span").length, free: Math.max(0, all - pages) };
    });
    const columns: Column<(typeof rows)[number]>[] = [
      { head: "Arena", cell: ({ start }) => format.address(start), isText: true },
      { head: "Pools", cell: ({ pools }) => format.count(pools) },
      { head: "Blocks in use", cell: ({ inUse }) => format.bytes(inUse) },
      { head: "Spans that begin here", cell: ({ spans }) => format.count(spans) },
      { head: "Other pages", cell: ({ free }) => format.count(free) },
    ];
    place.replaceChildren(foldedTable("arenas", columns, rows));
  };
  const moments = maps.map(({ label }) => label);
  const chosen = maps.length > 1 ? choice("Moment", moments, 0, show) : undefined;
  show(0);
  return section(
    "arenas",
    "Arenas",
    "A row is an arena of 256 KiB, a cell one of its 64 pages. A pool has the colour of its block size, and is filled as far as its blocks are in use.",
    chosen && h("div", { class: "controls" }, chosen),
    view.element,
    place,
  );
};

const memory: Section = ({ memory: curve }) => {
  if (curve === undefined || curve.x.length === 0) return undefined;
  const { axis, x, live, used, extent } = curve;
  const formatX = axis === "ms" ? format.milliseconds : format.count;
  const shared = { x, formatX, xLabel: axis === "ms" ? "time" : axis, sync: "memory" };
  const line = (label: string, values: readonly number[], colour: string, dash?: number[]): PlotSeries => ({
    ...{ label, values, colour, form: "line" },
    ...(dash && { dash }),
  });
  const lost = x.map((_, i) => (extent[i]! > 0 ? 1 - live[i]! / extent[i]! : 0));
  const rows = x.map((at, i) => ({ at, live: live[i]!, used: used[i]!, extent: extent[i]!, lost: lost[i]! }));
  const columns: Column<(typeof rows)[number]>[] = [
    { head: shared.xLabel, cell: ({ at }) => formatX(at) },
    { head: "Live", cell: (row) => format.bytes(row.live) },
    { head: "Pages in use", cell: (row) => format.bytes(row.used) },
    { head: "Arenas", cell: (row) => format.bytes(row.extent) },
    { head: "Fragmentation", cell: (row) => format.percent(row.lost) },
  ];
  return section(
    "memory",
    "Memory over time",
    "Live is what the program has, pages in use is what the heap spends on that, arenas is what the heap keeps of the memory. Fragmentation is the share of the arenas that is not live.",
    plot({
      ...{ ...shared, label: "Bytes over time", height: 280, yLabel: "bytes", formatY: format.bytes },
      stepsY: format.BYTE_STEPS,
      series: [
        line("arenas", extent, "--series-2", [2, 4]),
        line("pages in use", used, "--series-3", [8, 4]),
        line("live", live, "--series-1"),
      ],
    }),
    plot({
      ...{ ...shared, label: "Fragmentation over time", height: 170, yLabel: "fragmentation", yMax: 1 },
      formatY: format.percent,
      series: [line("fragmentation", lost, "--series-4")],
    }),
    foldedTable("memory over time", columns, rows),
  );
};

const classes: Section = ({ classes: all }) => {
  if (all === undefined || all.length === 0) return undefined;
  const columns: Column<(typeof all)[number]>[] = [
    { head: "Block", cell: ({ blockBytes }) => format.bytes(blockBytes) },
    { head: "Pools", cell: ({ pools }) => format.count(pools) },
    { head: "In use", cell: ({ live }) => format.count(live) },
    { head: "Room for", cell: ({ capacity }) => format.count(capacity) },
    { head: "Bytes in use", cell: ({ live, blockBytes }) => format.bytes(live * blockBytes) },
    { head: "Occupancy", cell: ({ live, capacity }) => format.percent(live / Math.max(1, capacity)) },
  ];
  return section(
    "classes",
    "Size classes",
    "Each pool holds blocks of one size. What is light has room for more blocks of that size, and for nothing else.",
    plot({
      label: "Bytes by size of block",
      height: 260,
      x: all.map((_, i) => i),
      marks: all.map(({ blockBytes }, i) => [i, format.bytes(blockBytes)] as const),
      xLabel: "block",
      yLabel: "bytes",
      formatX: String,
      formatY: format.bytes,
      stepsY: format.BYTE_STEPS,
      series: [
        {
          ...{ label: "room for", colour: "--series-3-light", form: "bars" },
          values: all.map(({ capacity, blockBytes }) => capacity * blockBytes),
        },
        {
          ...{ label: "in use", colour: "--series-1", form: "bars", width: 0.62 },
          values: all.map(({ live, blockBytes }) => live * blockBytes),
        },
      ],
    }),
    foldedTable("size classes", columns, all),
  );
};

const types: Section = ({ types: all }) => {
  if (all === undefined || !all.some(({ bytes }) => bytes > 0)) return undefined;
  const sorted = [...all].sort((a, b) => b.bytes - a.bytes);
  const columns: Column<(typeof all)[number]>[] = [
    { head: "Type", cell: ({ name }) => name, isText: true },
    { head: "Instances", cell: ({ count }) => format.count(count) },
    { head: "Bytes", cell: ({ bytes }) => format.bytes(bytes) },
  ];
  return section(
    "types",
    "Types",
    "The area is the bytes of all instances of a type.",
    typeTreemap(sorted),
    foldedTable("types", columns, sorted),
  );
};

const pauses: Section = ({ pauses: all }) => {
  if (all === undefined || all.length === 0) return undefined;
  const columns: Column<(typeof all)[number]>[] = [
    { head: "At", cell: ({ atMs }) => format.milliseconds(atMs) },
    { head: "Took", cell: ({ durationMs }) => format.milliseconds(durationMs) },
    { head: "Generation", cell: ({ generation }) => GENERATIONS[generation]!, isText: true },
    { head: "Looked at", cell: ({ candidates }) => format.count(candidates) },
    { head: "Freed", cell: ({ collected }) => format.count(collected) },
  ];
  const longest = Math.max(...all.map(({ durationMs }) => durationMs));
  return section(
    "pauses",
    "Pauses",
    `Collections, ${format.count(all.length)} in all, the longest ${format.milliseconds(longest)}.`,
    plot({
      label: "Duration of collections over time",
      height: 240,
      x: all.map(({ atMs }) => atMs),
      xLabel: "time",
      yLabel: "duration",
      formatX: format.milliseconds,
      formatY: format.milliseconds,
      series: GENERATIONS.flatMap((label, generation) => {
        const values = all.map((pause) => (pause.generation === generation ? pause.durationMs : null));
        if (values.every((value) => value === null)) return [];
        return [{ label, values, colour: `--series-${generation + 1}`, form: "points" as const }];
      }),
    }),
    foldedTable("collections", columns, all),
  );
};

const holders: Section = ({ holders: all }) => {
  if (all === undefined || all.length === 0) return undefined;
  const most = Math.max(...all.map(({ retainedBytes }) => retainedBytes));
  const columns: Column<(typeof all)[number]>[] = [
    {
      head: "Holds",
      cell: ({ retainedBytes }) => format.bytes(retainedBytes),
      bar: ({ retainedBytes }) => retainedBytes / most,
    },
    { head: "Object", cell: ({ name }) => name, isText: true },
    { head: "Itself", cell: ({ selfBytes }) => format.bytes(selfBytes) },
    { head: "Held by", cell: ({ path }) => path, isText: true },
  ];
  return section(
    "holders",
    "Top holders",
    "The objects without which most bytes would be free: their own, and those of all that only they lead to.",
    table("objects that hold most", columns, all),
  );
};

const sites: Section = ({ sites: all }) => {
  if (all === undefined || all.length === 0) return undefined;
  const most = Math.max(...all.map(({ bytes }) => bytes), 1);
  const columns: Column<(typeof all)[number]>[] = [
    { head: "Alive", cell: ({ bytes }) => format.bytes(bytes), bar: ({ bytes }) => bytes / most },
    { head: "Type", cell: ({ type }) => type, isText: true },
    { head: "Count", cell: ({ count }) => format.count(count) },
    { head: "Ever made", cell: ({ totalBytes }) => format.bytes(totalBytes) },
    { head: "Made at", cell: ({ place }) => place, isText: true },
  ];
  return section(
    "sites",
    "Allocation sites",
    "Where the program made what is alive, and how much it ever made there.",
    table("allocation sites", columns, all),
  );
};

const ratios: Section = ({ ratios: all }) => {
  if (all === undefined) return undefined;
  const { axis, workloads, contenders } = all;
  const group = contenders.length + 1;
  const places = workloads.flatMap((_, workload) => contenders.map((__, i) => workload * group + i));
  const rows = workloads.flatMap((workload, index) =>
    contenders.flatMap(({ name, values }) => {
      const value = values[index];
      return value ? [{ workload, name, ...value }] : [];
    }),
  );
  const columns: Column<(typeof rows)[number]>[] = [
    { head: "Workload", cell: ({ workload }) => workload, isText: true },
    { head: "Contender", cell: ({ name }) => name, isText: true },
    { head: "Ratio", cell: ({ median }) => median.toFixed(2) },
    { head: "From", cell: ({ low }) => low.toFixed(2) },
    { head: "To", cell: ({ high }) => high.toFixed(2) },
  ];
  const parts = contenders.map(({ name, values }, i): PlotSeries => {
    const mine = places.map((place) =>
      place % group === i ? (values[Math.floor(place / group)] ?? null) : null,
    );
    return {
      label: name,
      colour: `--contender-${i % CONTENDER_COLOURS}${i < CONTENDER_COLOURS ? "" : "-light"}`,
      form: "bars",
      values: mine.map((value) => value?.median ?? null),
      intervals: mine.map((value) => value && [value.low, value.high]),
    };
  });
  return section(
    "ratios",
    "Ratios",
    axis,
    plot({
      label: "Ratios by workload and contender",
      height: 340,
      x: places,
      marks: workloads.map(
        (name, workload) => [workload * group + Math.floor(contenders.length / 2), name] as const,
      ),
      xLabel: "workload",
      yLabel: "ratio",
      formatX: (place) => workloads[Math.floor(place / group)] ?? "",
      formatY: (value) => value.toFixed(2),
      yWidth: 56,
      reference: 1,
      series: parts,
    }),
    foldedTable("ratios", columns, rows),
  );
};

const DASHES: readonly (readonly number[] | undefined)[] = [undefined, [8, 4], [2, 4]];

const curves: Section = ({ curves: all }) => {
  if (all === undefined) return undefined;
  const formatY = (value: number): string => value.toPrecision(3);
  return section(
    "curves",
    "Cost by size",
    "Both axes are logarithmic. A line that is level costs the same at every size.",
    ...all.flatMap(({ title, xLabel, x, lines }) => {
      const series = lines.map(({ name, values }, i): PlotSeries => {
        const dash = DASHES[Math.floor(i / CONTENDER_COLOURS) % DASHES.length];
        return {
          ...{ label: name, values, colour: `--contender-${i % CONTENDER_COLOURS}`, form: "line" },
          ...(dash && { dash }),
        };
      });
      const rows = x.map((at, i) => ({ at, values: lines.map(({ values }) => values[i]!) }));
      const columns: Column<(typeof rows)[number]>[] = [
        { head: xLabel, cell: ({ at }) => format.count(at) },
        ...lines.map(({ name }, i) => ({
          head: name,
          cell: ({ values }: (typeof rows)[number]) => formatY(values[i]!),
        })),
      ];
      return [
        plot({
          ...{ label: title, height: 320, x, series, xLabel, yLabel: title, isLog: true },
          ...{ formatX: format.count, formatY, yWidth: 64 },
        }),
        foldedTable(title, columns, rows),
      ];
    }),
  );
};

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  ratios,
  curves,
  arenas,
  memory,
  classes,
  types,
  pauses,
  holders,
  sites,
];
