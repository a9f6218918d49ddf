import uPlot from "uplot";

import { h, onWidth } from "./dom.js";
import { colour, onTheme } from "./theme.js";

/** One row of values of a plot. */
export interface PlotSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A custom property of the style sheet. */
  readonly colour: string;
  /** Lines of one plot differ by their dashes, too. */
  readonly dash?: readonly number[];
  readonly form: "line" | "bars" | "points";
  /** Bars in front of bars: a share of their width. */
  readonly width?: number;
  /** Lower and upper end of an interval, by value. */
  readonly intervals?: readonly (readonly [number, number] | null)[];
}

export interface PlotOptions {
  /** What the plot shows, for who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly x: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  /** Distances that marks of an axis may have. */
  readonly stepsX?: readonly number[];
  readonly stepsY?: readonly number[];
  /** Where marks of the x axis stand, if not by their distance, and how they are called. */
  readonly marks?: readonly (readonly [at: number, name: string])[];
  readonly yMax?: number;
  /** Both axes are logarithmic. */
  readonly isLog?: boolean;
  /** A line across, at this value. */
  readonly reference?: number;
  /** Plots of one key have one cursor. */
  readonly sync?: string;
  readonly yWidth?: number;
}

const FONT = "12px system-ui, sans-serif";
const MARKS = 8;
/** uPlot's number for a logarithmic scale. */
const LOG = 3;

/**
 * A plot by uPlot in an element that takes the focus: the arrow keys go from value to value, the legend shows the values
 * at the cursor.
 */
export function plot(options: PlotOptions): HTMLElement {
  const element = h("div", {
    class: "plot",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "chart",
    "aria-label": `${options.label}; left and right arrow keys go from value to value`,
  });
  let chart: uPlot | undefined;
  const data = [options.x, ...options.series.map(({ values }) => values)] as uPlot.AlignedData;
  onWidth(element, (width) => {
    if (chart === undefined) chart = new uPlot(uplotOptions(options, width), data, element);
    else chart.setSize({ width, height: options.height });
  });
  onTheme(() => chart?.redraw(false, true));
  element.addEventListener("keydown", (event) => {
    if (chart === undefined) return;
    const last = options.x.length - 1;
    const now = chart.cursor.idx ?? -1;
    const step = event.shiftKey ? 10 : 1;
    const next = { ArrowRight: now + step, ArrowLeft: now - step, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    moveCursor(chart, Math.min(last, Math.max(0, next)));
  });
  element.addEventListener("focus", () => {
    if (chart !== undefined && typeof chart.cursor.idx !== "number") moveCursor(chart, 0);
  });
  return element;
}

function moveCursor(chart: uPlot, index: number): void {
  const left = chart.valToPos(chart.data[0][index]!, "x");
  chart.setCursor({ left, top: chart.bbox.height / (2 * window.devicePixelRatio) });
}

function uplotOptions(options: PlotOptions, width: number): uPlot.Options {
  const { x, series, marks } = options;
  const hasBars = series.some(({ form }) => form === "bars");
  // Half a bar on either side.
  const pad = hasBars ? 0.75 : 0;
  return {
    width,
    height: options.height,
    ms: 1,
    padding: [12, 12, 0, 0],
    focus: { alpha: 0.4 },
    cursor: {
      drag: { x: false, y: false },
      ...(options.sync === undefined ? {} : { sync: { key: options.sync } }),
    },
    scales: options.isLog
      ? { x: { time: false, distr: LOG }, y: { distr: LOG } }
      : {
          x: {
            time: false,
            range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low - pad, high + pad]),
          },
          y: { range: (_, __, high) => [0, options.yMax ?? (high > 0 ? high * 1.05 : 1)] },
        },
    axes: [
      {
        ...axis(options.xLabel, 44),
        space: 56,
        ...(options.stepsX ? { incrs: [...options.stepsX] } : {}),
        ...(marks
          ? {
              splits: (chart: uPlot) =>
                thinned(marks, chart.bbox.width / window.devicePixelRatio).map(([at]) => at),
              values: (_: uPlot, splits: number[]) =>
                splits.map((split) => marks.find(([at]) => at === split)?.[1] ?? ""),
              grid: { show: false },
            }
          : { values: (_: uPlot, splits: number[]) => splits.map(options.formatX) }),
      },
      {
        ...axis(options.yLabel, options.yWidth ?? 72),
        ...(options.stepsY ? { incrs: [...options.stepsY] } : {}),
        values: (_, splits) => splits.map(options.formatY),
      },
    ],
    series: [
      {
        label: options.xLabel,
        value: (_, value) => (typeof value === "number" ? nameOf(options, value) : "–"),
      },
      ...series.map((one) => uplotSeries(one, options)),
    ],
    hooks: { drawAxes: [drawReference(options)], draw: [drawIntervals(options, x)] },
  };
}

function nameOf({ marks, formatX }: PlotOptions, value: number): string {
  return marks?.find(([at]) => at === value)?.[1] ?? formatX(value);
}

function axis(label: string, size: number): Partial<uPlot.Axis> {
  const line = { stroke: () => colour("--line"), width: 1 };
  return {
    label,
    labelFont: FONT,
    font: FONT,
    labelSize: 18,
    size,
    stroke: () => colour("--ink"),
    grid: line,
    ticks: line,
  };
}

/** As many marks as have room, evenly chosen. */
function thinned(
  marks: readonly (readonly [number, string])[],
  width: number,
): readonly (readonly [number, string])[] {
  const longest = Math.max(...marks.map(([, name]) => name.length));
  const room = Math.max(2, Math.min(marks.length, Math.floor(width / (longest * 7 + MARKS))));
  const step = Math.ceil(marks.length / room);
  return marks.filter((_, i) => i % step === 0);
}

function uplotSeries(series: PlotSeries, { formatY }: PlotOptions): uPlot.Series {
  const { form, width = 1 } = series;
  const ink = (): string => colour(series.colour);
  const shared = {
    label: series.label,
    stroke: ink,
    value: (_: uPlot, value: number | null) => (typeof value === "number" ? formatY(value) : "–"),
  };
  if (form === "bars") {
    const paths = uPlot.paths.bars!({ size: [0.9 * width, 60 * width], align: 0 });
    return { ...shared, fill: ink, width: 0, paths, points: { show: false } };
  }
  if (form === "points")
    return {
      ...shared,
      paths: () => null,
      points: { show: true, size: 7, fill: ink, stroke: ink, width: 1 },
    };
  return { ...shared, width: 2, ...(series.dash ? { dash: [...series.dash] } : {}), points: { show: false } };
}

function drawReference({ reference }: PlotOptions): (chart: uPlot) => void {
  return (chart) => {
    if (reference === undefined) return;
    const { ctx, bbox } = chart;
    const y = chart.valToPos(reference, "y", true);
    ctx.save();
    ctx.strokeStyle = colour("--ink");
    ctx.lineWidth = window.devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  };
}

function drawIntervals({ series }: PlotOptions, x: readonly number[]): (chart: uPlot) => void {
  return (chart) => {
    const { ctx } = chart;
    ctx.save();
    ctx.strokeStyle = colour("--ink");
    ctx.lineWidth = 1.5 * window.devicePixelRatio;
    for (const { intervals } of series) {
      intervals?.forEach((interval, index) => {
        if (interval === null) return;
        const at = chart.valToPos(x[index]!, "x", true);
        ctx.beginPath();
        ctx.moveTo(at, chart.valToPos(interval[0], "y", true));
        ctx.lineTo(at, chart.valToPos(interval[1], "y", true));
        ctx.stroke();
      });
    }
    ctx.restore();
  };
}
