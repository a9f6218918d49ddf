/** A chart of ratios: one group of bars a workload, one bar a contender, as SVG or as a page that holds it. */

import { writeFileSync } from "node:fs";
import { extname } from "node:path";

import { contenders, find, workloads, type Row } from "./results.js";
import { fixed } from "./table.js";

const BAR = 14;
const GAP = 18;
const LABEL = 180;
const PLOT = 560;
const TOP = 48;
/** Longer bars are cut: one slow contender would squeeze all others. */
const MOST = 2;

/** tallyheap in greens, so that it is found at once; natives in blues and wasm peers in browns. */
function colour(contender: string): string {
  if (contender.startsWith("tallyheap (i")) return "#1b7837";
  if (contender.startsWith("tallyheap (c")) return "#4da75e";
  if (contender.startsWith("tallyheap")) return "#a6dba0";
  if (contender.startsWith("floor")) return "#cccccc";
  if (contender.endsWith("(wasm)")) return "#b5855b";
  return contender === "glibc" || contender === "system malloc" ? "#2166ac" : "#7fb0d8";
}

function escape(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function plotSvg(rows: readonly Row[], title: string): string {
  const names = contenders(rows);
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, extra = ""): void => {
    parts.push(`<text x="${x}" y="${y}" ${extra}>${escape(content)}</text>`);
  };
  const scale = (value: number): number => (Math.min(value, MOST) / MOST) * PLOT;
  let y = TOP;
  for (const workload of workloads(rows)) {
    text(8, y + 4, workload, 'font-weight="bold"');
    y += 12;
    for (const name of names) {
      const ratio = find(rows, workload, name)?.ratio;
      if (ratio === undefined) continue;
      text(LABEL - 6, y + BAR - 3, name, 'text-anchor="end"');
      parts.push(
        `<rect x="${LABEL}" y="${y}" width="${scale(ratio.median).toFixed(1)}" height="${BAR - 2}" fill="${colour(name)}"/>`,
        `<path d="M${(LABEL + scale(ratio.low)).toFixed(1)} ${y + BAR / 2 - 1}H${(LABEL + scale(ratio.high)).toFixed(1)}" stroke="#000" stroke-width="1.5"/>`,
      );
      text(LABEL + scale(Math.max(ratio.high, ratio.median)) + 5, y + BAR - 3, fixed(ratio.median, 2));
      y += BAR;
    }
    y += GAP;
  }
  for (let tick = 0; tick <= MOST; tick += 0.25) {
    const x = LABEL + scale(tick);
    parts.unshift(`<path d="M${x} ${TOP - 12}V${y - GAP}" stroke="${tick === 1 ? "#888" : "#e4e4e4"}"/>`);
    text(x, TOP - 16, fixed(tick, 2), 'text-anchor="middle" fill="#666"');
  }
  text(8, 16, title, 'font-size="14" font-weight="bold"');
  const width = LABEL + PLOT + 60;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="system-ui, sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** Writes `file` as SVG, or as HTML if its name ends so. */
export function writePlot(file: string, rows: readonly Row[], title: string): void {
  const svg = plotSvg(rows, title);
  const extension = extname(file).toLowerCase();
  if (extension === ".svg") writeFileSync(file, svg);
  else if (extension === ".html")
    writeFileSync(file, `<!doctype html>\n<meta charset="utf-8">\n<title>${escape(title)}</title>\n${svg}`);
  else throw new Error(`--plot ${file}: the name must end in .svg or .html`);
}
