/** The page of a report: reads the data that it holds, and draws it. */

import type { ReportData } from "../src/report-data.js";
import { h } from "./dom.js";
import { SECTIONS } from "./sections.js";
import { themeChoice } from "./theme.js";

const data = JSON.parse(document.getElementById("data")!.textContent) as ReportData;

const facts = data.facts.map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text)));
const notes = data.notes.map((note) => h("li", {}, note));
const shown = SECTIONS.flatMap((section) => section(data) ?? []);
const links = shown.map((section) => {
  const heading = section.querySelector("h2")!;
  return h("a", { href: `#${heading.id}` }, heading.textContent);
});

document.body.append(
  h("header", {}, h("h1", {}, data.title), themeChoice()),
  h(
    "main",
    {},
    facts.length > 0 ? h("dl", { class: "facts" }, ...facts) : undefined,
    h("nav", {}, ...links),
    ...shown,
  ),
  h("footer", {}, notes.length > 0 ? h("ul", { class: "notes" }, ...notes) : undefined),
);
