import type { ArenaMap, PageUse } from "tallyheap";

import { choice, h, onWidth } from "./dom.js";
import { address, bytes, percent } from "./format.js";
import { cividis, css, gradient, viridis, type Scale } from "./scales.js";
import { colour, isDark, onTheme } from "./theme.js";

/** Bytes of the smallest and of the largest block in a pool: the ends of the scale. */
const SMALLEST = 8;
const LARGEST = 32 * 1024;
const LEAST_CELL = 4;
const LARGEST_CELL = 18;
const COLUMN_GAP = 16;
const ROW_GAP = 3;
/** Arenas in a column before another one is begun. */
const COLUMN_ARENAS = 12;
/** A canvas has no more rows of pixels than this in any browser, at two for a pixel of the page. */
const MOST_HEIGHT = 8000;

interface Grid {
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly rows: number;
}

/**
 * The arenas of a heap on a canvas: a row of cells for each arena, a cell for each page. A pool has the colour of its block
 * size and is filled as far as it is full, a span is a bar over its pages. The arrow keys go from page to page.
 */
export class ArenaMapView {
  readonly element: HTMLElement;
  readonly #canvas = h("canvas", { tabindex: 0, role: "application", "aria-roledescription": "arena map" });
  readonly #readout = h("p", { class: "readout", "aria-live": "polite" });
  readonly #legend = h("div", { class: "legend" });
  #map: ArenaMap = { arenaBytes: 1, pageBytes: 1, arenas: [], uses: [] };
  /** By arena, by page: what the page is used for. */
  #cells: (PageUse | undefined)[][] = [];
  #grid: Grid = { columns: 1, cellWidth: LEAST_CELL, cellHeight: LEAST_CELL, rows: 0 };
  #width = 0;
  #byOccupancy = false;
  #cursor = { arena: 0, page: 0 };
  #hasCursor = false;

  constructor(label: string) {
    this.#canvas.setAttribute("aria-label", `${label}; arrow keys go from page to page`);
    const colours = choice("Colour", ["block size", "occupancy"], 0, (index) => {
      this.#byOccupancy = index === 1;
      this.#draw();
    });
    const box = h("div", { class: "map-box" }, this.#canvas);
    this.element = h(
      "div",
      { class: "arena-map" },
      h("div", { class: "controls" }, colours, this.#legend),
      box,
      this.#readout,
    );
    onWidth(box, (width) => {
      this.#width = width;
      this.#draw();
    });
    onTheme(() => this.#draw());
    this.#listen();
  }

  /** Draws a map in place of the one before. */
  show(map: ArenaMap): void {
    this.#map = map;
    const numbers = new Map(map.arenas.map((start, index) => [start, index]));
    const pages = map.arenaBytes / map.pageBytes;
    this.#cells = map.arenas.map(() => new Array<PageUse | undefined>(pages).fill(undefined));
    for (const use of map.uses) {
      for (let i = 0; i < use.pages; i++) {
        const page = use.address + i * map.pageBytes;
        const arena = numbers.get(page - (page % map.arenaBytes));
        if (arena !== undefined) this.#cells[arena]![(page % map.arenaBytes) / map.pageBytes] = use;
      }
    }
    this.#cursor.arena = Math.min(this.#cursor.arena, Math.max(0, map.arenas.length - 1));
    this.#draw();
  }

  // ---- drawing ----

  #draw(): void {
    this.#drawLegend();
    if (this.#width === 0) return;
    this.#grid = this.#layOut();
    const { columns, cellWidth, cellHeight, rows } = this.#grid;
    const pages = this.#cells[0]?.length ?? 0;
    const width = columns * (pages * cellWidth + COLUMN_GAP) - COLUMN_GAP;
    const height = Math.max(1, rows * (cellHeight + ROW_GAP) - ROW_GAP + 4);
    const ratio = window.devicePixelRatio;
    Object.assign(this.#canvas, { width: Math.max(1, width) * ratio, height: height * ratio });
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    const paint = new Painter(context, this.#byOccupancy, cellWidth, cellHeight);
    this.#cells.forEach((row, arena) => {
      for (let page = 0; page < row.length; page++) {
        const use = row[page];
        const [x, y] = this.#placeOf(arena, page);
        if (use?.kind !== "span") paint.page(x, y, use);
        else {
          let end = page + 1;
          while (end < row.length && row[end] === use) end++;
          const start = arena * row.length + page;
          paint.span(
            x,
            y,
            end - page,
            this.#before(start) !== use,
            this.#before(start + end - page + 1) !== use,
          );
          page = end - 1;
        }
      }
    });
    if (this.#hasCursor) paint.cursor(...this.#placeOf(this.#cursor.arena, this.#cursor.page));
    this.#describe();
  }

  /** The use of the cell before a place, all arenas counted through. */
  #before(place: number): PageUse | undefined {
    const pages = this.#cells[0]!.length;
    return this.#cells[Math.floor((place - 1) / pages)]?.[(place - 1) % pages];
  }

  #layOut(): Grid {
    const arenas = this.#cells.length;
    const pages = this.#cells[0]?.length ?? 64;
    const fitting = Math.floor((this.#width + COLUMN_GAP) / (pages * (LEAST_CELL + 1) + COLUMN_GAP));
    const columns = Math.max(1, Math.min(Math.ceil(arenas / COLUMN_ARENAS), fitting));
    const wide = Math.floor(((this.#width + COLUMN_GAP) / columns - COLUMN_GAP) / pages);
    const cellWidth = Math.min(LARGEST_CELL, Math.max(LEAST_CELL, wide));
    const rows = Math.ceil(arenas / columns);
    const room = Math.max(1, Math.floor(MOST_HEIGHT / Math.max(1, rows)) - ROW_GAP);
    return { columns, cellWidth, cellHeight: Math.min(room, Math.max(10, Math.min(14, cellWidth))), rows };
  }

  /** Arenas go down the first column, then down the next. */
  #placeOf(arena: number, page: number): [x: number, y: number] {
    const { cellWidth, cellHeight, rows } = this.#grid;
    const column = Math.floor(arena / rows);
    const x = column * ((this.#cells[0]?.length ?? 0) * cellWidth + COLUMN_GAP) + page * cellWidth;
    return [x, 2 + (arena % rows) * (cellHeight + ROW_GAP)];
  }

  #drawLegend(): void {
    const scale = this.#byOccupancy ? cividis(isDark()) : viridis(isDark());
    const bar = h("span", { class: "gradient" });
    bar.style.background = gradient(scale);
    const [low, high] = this.#byOccupancy ? ["empty", "full"] : [bytes(SMALLEST), bytes(LARGEST)];
    const swatch = (name: string, text: string): HTMLElement =>
      h("span", { class: "key" }, h("span", { class: `swatch ${name}` }), text);
    this.#legend.replaceChildren(
      h("span", { class: "key" }, low, bar, high),
      swatch("span-bar", "span"),
      swatch("table-page", "page table"),
      swatch("free-page", "free page"),
    );
  }

  // ---- pointer and keys ----

  #listen(): void {
    const canvas = this.#canvas;
    canvas.addEventListener("keydown", (event) => {
      const last = (this.#cells[0]?.length ?? 1) - 1;
      const { arena, page } = this.#cursor;
      const moves: Record<string, readonly [number, number]> = {
        ArrowLeft: [arena, page - 1],
        ArrowRight: [arena, page + 1],
        ArrowUp: [arena - 1, page],
        ArrowDown: [arena + 1, page],
        Home: [arena, 0],
        End: [arena, last],
        PageUp: [0, page],
        PageDown: [this.#cells.length - 1, page],
      };
      const move = moves[event.key];
      if (move === undefined) return;
      event.preventDefault();
      this.#moveTo(...move);
    });
    canvas.addEventListener("focus", () => this.#moveTo(this.#cursor.arena, this.#cursor.page));
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => this.#pointAt(offsetX, offsetY));
  }

  #pointAt(x: number, y: number): void {
    const { cellWidth, cellHeight, rows } = this.#grid;
    const pages = this.#cells[0]?.length ?? 1;
    const stride = pages * cellWidth + COLUMN_GAP;
    const page = Math.floor((x % stride) / cellWidth);
    const arena = Math.floor(x / stride) * rows + Math.floor((y - 2) / (cellHeight + ROW_GAP));
    if (page < pages && this.#cells[arena] !== undefined) this.#moveTo(arena, page);
  }

  #moveTo(arena: number, page: number): void {
    const pages = this.#cells[0]?.length ?? 1;
    const place = Math.min(Math.max(0, arena * pages + page), this.#cells.length * pages - 1);
    if (place < 0) return;
    this.#cursor = { arena: Math.floor(place / pages), page: place % pages };
    this.#hasCursor = true;
    this.#draw();
  }

  #describe(): void {
    if (this.#cells.length === 0) {
      this.#readout.textContent = "No arena is in use.";
      return;
    }
    if (!this.#hasCursor) {
      this.#readout.textContent =
        "Point at a page, or reach the map with the Tab key and use the arrow keys.";
      return;
    }
    const { arena, page } = this.#cursor;
    const at = this.#map.arenas[arena]! + page * this.#map.pageBytes;
    const where = `Arena ${arena + 1} of ${this.#cells.length}, page ${page + 1}, ${address(at)}: `;
    this.#readout.textContent = where + describe(this.#cells[arena]![page]);
  }
}

const OWNERS = { raw: "raw blocks", object: "objects", container: "containers" };

function describe(use: PageUse | undefined): string {
  if (use === undefined) return "free.";
  const { kind, pages, domain, blockBytes, live, capacity } = use;
  if (kind === "table") return "the page table of an arena.";
  if (kind === "span")
    return `part of a span of ${bytes(blockBytes)}, ${pages} pages, one of the ${OWNERS[domain]}.`;
  const share = percent(capacity === 0 ? 0 : live / capacity);
  return `${OWNERS[domain]} of ${bytes(blockBytes)}, ${live} of ${capacity} in use (${share}).`;
}

/** Draws pages, with the colours of the theme. */
class Painter {
  readonly #context: CanvasRenderingContext2D;
  readonly #byOccupancy: boolean;
  readonly #width: number;
  readonly #height: number;
  readonly #scale: Scale;
  readonly #free = colour("--free");
  readonly #table = colour("--table-page");
  readonly #span = colour("--span");
  readonly #ink = colour("--ink");
  readonly #paper = colour("--paper");

  constructor(context: CanvasRenderingContext2D, byOccupancy: boolean, width: number, height: number) {
    this.#context = context;
    this.#byOccupancy = byOccupancy;
    this.#width = width;
    this.#height = height;
    this.#scale = byOccupancy ? cividis(isDark()) : viridis(isDark());
  }

  page(x: number, y: number, use: PageUse | undefined): void {
    // A line of the page's colour between cells, where there is room for one.
    const width = this.#width - (this.#width > LEAST_CELL ? 1 : 0);
    if (use === undefined || use.kind === "table") {
      this.#fill(use === undefined ? this.#free : this.#table, x, y, width, this.#height);
      return;
    }
    const share = use.capacity === 0 ? 0 : use.live / use.capacity;
    if (this.#byOccupancy) {
      this.#fill(css(this.#scale(share)), x, y, width, this.#height);
      return;
    }
    const rgb = this.#scale(Math.log2(use.blockBytes / SMALLEST) / Math.log2(LARGEST / SMALLEST));
    this.#fill(css(rgb, 0.3), x, y, width, this.#height);
    const filled = use.live === 0 ? 0 : Math.max(1, Math.round(share * this.#height));
    this.#fill(css(rgb), x, y + this.#height - filled, width, filled);
  }

  /** Some pages of a span in one arena; its ends are round. */
  span(x: number, y: number, pages: number, isStart: boolean, isEnd: boolean): void {
    const width = pages * this.#width - (isEnd ? 1 : 0);
    const inset = Math.round(this.#height / 4);
    this.#fill(this.#free, x, y, width, this.#height);
    const radius = Math.min(inset, this.#width / 2);
    this.#context.fillStyle = this.#span;
    this.#context.beginPath();
    const [left, right] = [isStart ? radius : 0, isEnd ? radius : 0];
    this.#context.roundRect(x, y + inset, width, this.#height - 2 * inset, [left, right, right, left]);
    this.#context.fill();
  }

  cursor(x: number, y: number): void {
    for (const [style, width] of [
      [this.#paper, 4],
      [this.#ink, 2],
    ] as const) {
      this.#context.strokeStyle = style;
      this.#context.lineWidth = width;
      this.#context.strokeRect(x - 0.5, y - 0.5, this.#width, this.#height + 1);
    }
  }

  #fill(style: string, x: number, y: number, width: number, height: number): void {
    this.#context.fillStyle = style;
    this.#context.fillRect(x, y, width, height);
  }
}
