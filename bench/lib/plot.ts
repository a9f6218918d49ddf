/** A chart of ratios: one group of bars a workload, one bar a contender, as SVG or as a page that holds it. */

import { writeFileSync } from "node:fs";
import { extname } from "node:path";

import { contenders, find, workloads, type Row } from "./results.js";
import { fixed } from "./table.js";

const BAR = 14;
const GAP = 18;
const LABEL = 180;
const PLOT = 560;
const WIDTH = LABEL + PLOT + 60;
const LEGEND_COLUMNS = 4;
const LEGEND_ROW = 16;
/** Longer bars are cut: one slow contender would squeeze all others. */
const MOST = 2;

/** tallyheap in greens, so that it is found at once; natives in blues, wasm peers in browns, floors in greys. */
const COLOURS: Readonly<Record<string, string>> = {
  "tallyheap (inlined)": "#1b8a3a",
  "tallyheap (called)": "#8fce3f",
  "tallyheap (hardened)": "#5b8f22",
  "tallyheap (raw)": "#0f9d94",
  "tallyheap (checked)": "#6fdcc4",
  tallyheap: "#a3b818",
  glibc: "#2f6fc0",
  "system malloc": "#2f6fc0",
  mimalloc: "#7fb2e5",
  jemalloc: "#7d5fc4",
  tcmalloc: "#c19be6",
  "tlsf (wasm)": "#a4622a",
  "dlmalloc (wasm)": "#e8a64f",
  cpython: "#e0b400",
  assemblyscript: "#d04f3c",
  v8: "#5b73d6",
  "floor (native)": "#707070",
  "floor (wasm)": "#9a9a9a",
  "floor (typescript)": "#c4c4c4",
};

const STYLE = `<style>
.paper{fill:#fff}.ink{fill:#1c1c1c}.quiet{fill:#666}.grid{stroke:#e4e4e4}.one{stroke:#888}.interval{stroke:#1c1c1c;stroke-width:1.5}
@media(prefers-color-scheme:dark){.paper{fill:#16181c}.ink{fill:#e8e8e8}.quiet{fill:#a0a0a0}.grid{stroke:#33363c}.one{stroke:#8a8a8a}.interval{stroke:#e8e8e8}}
</style>`;

function escape(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const colourOf = (contender: string): string => COLOURS[contender] ?? "#cc6699";

const scale = (value: number): number => (Math.min(value, MOST) / MOST) * PLOT;

/** `title` names the measurement, `axis` what the length of a bar is. */
export function plotSvg(rows: readonly Row[], title: string, axis: string): string {
  const names = contenders(rows).filter((name) => rows.some((row) => row.contender === name && row.ratio));
  const bars: string[] = [];
  const grid: string[] = [];
  const text = (x: number, y: number, content: string, extra = 'class="ink"'): string =>
    `<text x="${x.toFixed(1)}" y="${y}" ${extra}>${escape(content)}</text>`;
  const block = (x: number, y: number, width: number, name: string): string =>
    `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${colourOf(name)}"/>`;

  bars.push(text(8, 18, title, 'class="ink" font-size="14" font-weight="bold"'));
  names.forEach((name, i) => {
    const x = 8 + (i % LEGEND_COLUMNS) * ((WIDTH - 16) / LEGEND_COLUMNS);
    const y = 30 + Math.floor(i / LEGEND_COLUMNS) * LEGEND_ROW;
    bars.push(block(x, y, BAR - 2, name), text(x + BAR + 2, y + BAR - 4, name));
  });
  const top = 30 + Math.ceil(names.length / LEGEND_COLUMNS) * LEGEND_ROW + 44;
  let y = top;
  for (const workload of workloads(rows)) {
    if (!names.some((name) => find(rows, workload, name)?.ratio)) continue;
    bars.push(text(8, y + 4, workload, 'class="ink" font-weight="bold"'));
    y += 12;
    for (const name of names) {
      const ratio = find(rows, workload, name)?.ratio;
      if (ratio === undefined) continue;
      const [low, middle, high] = [ratio.low, ratio.median, ratio.high].map(scale) as [
        number,
        number,
        number,
      ];
      bars.push(
        text(LABEL - 6, y + BAR - 4, name, 'class="ink" text-anchor="end"'),
        block(LABEL, y, middle, name),
        `<path class="interval" d="M${(LABEL + low).toFixed(1)} ${y + BAR / 2 - 1}H${(LABEL + high).toFixed(1)}"/>`,
        text(LABEL + Math.max(high, middle) + 5, y + BAR - 4, fixed(ratio.median, 2)),
      );
      y += BAR;
    }
    y += GAP;
  }
  for (let tick = 0; tick <= MOST; tick += 0.25) {
    const x = LABEL + scale(tick);
    grid.push(`<path class="${tick === 1 ? "one" : "grid"}" d="M${x} ${top - 12}V${y - GAP}"/>`);
    grid.push(text(x, top - 16, fixed(tick, 2), 'class="quiet" text-anchor="middle"'));
  }
  grid.push(text(LABEL + PLOT / 2, top - 32, axis, 'class="quiet" text-anchor="middle"'));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="11">`,
    STYLE,
    `<rect class="paper" width="100%" height="100%"/>`,
    ...grid,
    ...bars,
    "</svg>\n",
  ].join("\n");
}

/** What writes a chart to `file`: as SVG, or as HTML if its name ends so. Throws at once for another name. */
export function plotter(file: string): (rows: readonly Row[], title: string, chart?: string) => void {
  const extension = extname(file).toLowerCase();
  if (extension !== ".svg" && extension !== ".html")
    throw new Error(`--plot ${file}: the name must end in .svg or .html`);
  return (rows, title, chart) => {
    const reference = rows.find(({ ratio }) => ratio !== undefined)?.ratio?.to ?? "the reference";
    const axis = `time, ratio to ${reference}: median over rounds and its interval; shorter is faster`;
    const svg = chart ?? plotSvg(rows, title, axis);
    const head = [
      "<!doctype html>",
      '<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width">',
      '<meta name="color-scheme" content="light dark">',
      `<title>${escape(title)}</title>`,
    ];
    writeFileSync(file, extension === ".svg" ? svg : [...head, svg].join("\n"));
  };
}
