import { hierarchy, treemap, type HierarchyRectangularNode } from "d3-hierarchy";

import type { TypeUse } from "../src/report-data.js";
import { h, onWidth, svg } from "./dom.js";
import { bytes, count, percent } from "./format.js";
import { css, gradient, inkOn, viridis } from "./scales.js";
import { isDark, onTheme } from "./theme.js";

/** Types with a rectangle of their own; the rest has one together. */
const MOST = 40;
const CHARACTER = 7;
const LINE = 15;

type Leaf = HierarchyRectangularNode<TypeUse>;

/**
 * A rectangle for each type, its area the bytes of all instances, its colour the bytes of one. The arrow keys go from the
 * largest to the smallest.
 */
export function typeTreemap(types: readonly TypeUse[]): HTMLElement {
  const shown = collect(types);
  const total = shown.reduce((sum, type) => sum + type.bytes, 0);
  const sizes = shown.map(averageOf);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const shareOf = (type: TypeUse): number =>
    most === least ? 0.5 : Math.log(averageOf(type) / least) / Math.log(most / least);

  const readout = h("p", { class: "readout", "aria-live": "polite" });
  const bar = h("span", { class: "gradient" });
  const legend = h("div", { class: "legend" });
  const range = h("span", { class: "key" }, bytes(Math.round(least)), bar, bytes(Math.round(most)));
  legend.append("Bytes of an instance, on average: ", range);
  const box = h("div", {
    class: "treemap",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "treemap",
    "aria-label": "Bytes by type; arrow keys go from the largest type to the smallest",
  });
  let chosen = -1;
  let width = 0;

  const choose = (index: number): void => {
    chosen = Math.min(shown.length - 1, Math.max(0, index));
    box.querySelectorAll("g").forEach((group, i) => group.classList.toggle("chosen", i === chosen));
    const { name, count: instances, bytes: size } = shown[chosen]!;
    readout.textContent = `${name}: ${bytes(size)} (${percent(size / total)}) in ${count(instances)}.`;
  };
  const draw = (): void => {
    bar.style.background = gradient(viridis(isDark()));
    if (width === 0) return;
    const height = Math.round(Math.min(420, Math.max(240, width * 0.5)));
    const root = hierarchy<TypeUse>({ name: "", count: 0, bytes: 0 }, (node) =>
      node.name === "" ? shown : [],
    );
    root.sum((type) => type.bytes);
    const leaves = treemap<TypeUse>().size([width, height]).paddingInner(2).round(true)(root).leaves();
    const scale = viridis(isDark());
    const cells = leaves.map((leaf, index) => {
      const rgb = scale(shareOf(leaf.data));
      const cell = svg(
        "g",
        { transform: `translate(${leaf.x0} ${leaf.y0})` },
        svg("title", {}, `${leaf.data.name}: ${bytes(leaf.data.bytes)} in ${count(leaf.data.count)}`),
        svg("rect", { width: widthOf(leaf), height: heightOf(leaf), fill: css(rgb) }),
        ...labels(leaf, inkOn(rgb)),
      );
      cell.addEventListener("pointerenter", () => choose(index));
      return cell;
    });
    box.replaceChildren(
      svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": true }, ...cells),
    );
    if (chosen >= 0) choose(chosen);
  };
  box.addEventListener("keydown", (event) => {
    const moves: Record<string, number> = {
      ArrowRight: chosen + 1,
      ArrowDown: chosen + 1,
      ArrowLeft: chosen - 1,
      ArrowUp: chosen - 1,
      Home: 0,
      End: shown.length - 1,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    choose(move);
  });
  box.addEventListener("focus", () => choose(Math.max(0, chosen)));
  onWidth(box, (next) => {
    width = next;
    draw();
  });
  onTheme(draw);
  readout.textContent = "Point at a type, or reach the map with the Tab key and use the arrow keys.";
  return h("div", {}, legend, box, readout);
}

/** The largest types, and the sum of all others. */
function collect(types: readonly TypeUse[]): readonly TypeUse[] {
  const sorted = types.filter((type) => type.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  if (sorted.length <= MOST) return sorted;
  const rest = sorted.slice(MOST - 1);
  const sum = (of: "count" | "bytes"): number => rest.reduce((all, type) => all + type[of], 0);
  return [
    ...sorted.slice(0, MOST - 1),
    { name: `${rest.length} other types`, count: sum("count"), bytes: sum("bytes") },
  ];
}

const averageOf = (type: TypeUse): number => type.bytes / Math.max(1, type.count);
const widthOf = (leaf: Leaf): number => leaf.x1 - leaf.x0;
const heightOf = (leaf: Leaf): number => leaf.y1 - leaf.y0;

/** Name and bytes, as far as they fit. */
function labels(leaf: Leaf, ink: string): SVGTextElement[] {
  const room = Math.floor((widthOf(leaf) - 8) / CHARACTER);
  const lines = [leaf.data.name, bytes(leaf.data.bytes)].slice(0, Math.floor((heightOf(leaf) - 4) / LINE));
  return lines
    .map((text) => (text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`))
    .filter((text) => text.length > 2)
    .map((text, i) => svg("text", { x: 4, y: LINE * (i + 1) - 1, fill: ink }, text));
}
