/** A chart of lines over sizes, both axes logarithmic, as SVG: a cost that grows with the size rises, one that does not is level. */

export interface Line {
  readonly name: string;
  /** Lines with the same one share a panel. */
  readonly chart: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 760;
const HEIGHT = 340;
const LEFT = 60;
const RIGHT = 240;
const TOP = 40;
const BOTTOM = 30;

const COLOURS = ["#1b8a3a", "#2f6fc0", "#c1440e", "#7d5fc4", "#a3b818", "#0f9d94", "#d04f3c", "#707070"];

const STYLE = `<style>
.paper{fill:#fff}.ink{fill:#1c1c1c}.grid{stroke:#e4e4e4}
@media(prefers-color-scheme:dark){.paper{fill:#16181c}.ink{fill:#e8e8e8}.grid{stroke:#33363c}}
</style>`;

/** 1,000 as 1k, 4 · 2²⁰ as 4M. */
function shortly(value: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  const [size, unit] = units.find(([least]) => value >= least) ?? [1, ""];
  return `${Number((value / size).toPrecision(2))}${unit}`;
}

function plotPanel(lines: readonly Line[], title: string, top: number): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(({ x }) => Math.log10(x));
  const ys = points.map(({ y }) => Math.log10(Math.max(y, 0.1)));
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = [Math.floor(Math.min(...ys)), Math.ceil(Math.max(...ys))];
  const bottom = top + HEIGHT - BOTTOM;
  const toX = (x: number): number => LEFT + ((Math.log10(x) - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number): number =>
    bottom - ((Math.log10(Math.max(y, 0.1)) - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const text = (x: number, y: number, content: string, extra = ""): string =>
    `<text class="ink" x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${content}</text>`;
  const parts = [text(8, top + 16, title, 'font-weight="bold"')];
  for (let power = y0; power <= y1; power++) {
    const y = toY(10 ** power);
    parts.push(`<path class="grid" d="M${LEFT} ${y.toFixed(1)}H${WIDTH - RIGHT}"/>`);
    parts.push(text(LEFT - 6, y + 4, String(10 ** power), 'text-anchor="end"'));
  }
  for (const x of new Set(points.map((point) => point.x)))
    parts.push(text(toX(x), bottom + 18, shortly(x), 'text-anchor="middle"'));
  lines.forEach((line, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const path = line.points.map(({ x, y }) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`).join("L");
    const dash = line.name.includes("floor") ? ' stroke-dasharray="4 3"' : "";
    parts.push(`<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`);
    parts.push(
      `<rect x="${WIDTH - RIGHT + 14}" y="${top + TOP + i * 18}" width="10" height="10" fill="${colour}"/>`,
    );
    parts.push(text(WIDTH - RIGHT + 30, top + TOP + 9 + i * 18, line.name));
  });
  return parts.join("\n");
}

/** One panel for each chart that lines name, below each other. */
export function plotLines(lines: readonly Line[], title: string): string {
  const charts = [...new Set(lines.map(({ chart }) => chart))];
  const height = 30 + charts.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11">`,
    STYLE,
    `<rect class="paper" width="100%" height="100%"/>`,
    `<text class="ink" x="8" y="20" font-size="14" font-weight="bold">${title}</text>`,
    ...charts.map((chart, i) =>
      plotPanel(
        lines.filter((line) => line.chart === chart),
        chart,
        30 + i * HEIGHT,
      ),
    ),
    "</svg>\n",
  ].join("\n");
}
