import { h } from "./dom.js";

/** A column: its heading and what stands in it; numbers are set to the right. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => string;
  readonly isText?: boolean;
  /** Share of the largest, drawn as a bar in the cell. */
  readonly bar?: (row: T) => number;
}

const SHOWN = 500;

/** A table that scrolls in its own box, where it is wider than the page. */
export function table<T>(caption: string, columns: readonly Column<T>[], rows: readonly T[]): HTMLElement {
  const head = columns.map(({ head, isText }) =>
    h("th", { scope: "col", class: isText ? "text" : undefined }, head),
  );
  const body = rows.slice(0, SHOWN).map((row) =>
    h(
      "tr",
      {},
      ...columns.map(({ cell, isText, bar }) => {
        const element = h("td", { class: isText ? "text" : bar ? "bar" : undefined }, cell(row));
        if (bar) element.style.setProperty("--share", String(bar(row)));
        return element;
      }),
    ),
  );
  const element = h(
    "table",
    {},
    h("caption", {}, rows.length > SHOWN ? `${caption}: the first ${SHOWN} of ${rows.length}` : caption),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...body),
  );
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, element);
}

/** A table behind a chart: it is made when it is opened. */
export function foldedTable<T>(
  caption: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
): HTMLElement {
  const details = h("details", {}, h("summary", {}, `Table: ${caption}`));
  details.addEventListener("toggle", () => details.append(table(caption, columns, rows)), { once: true });
  return details;
}
