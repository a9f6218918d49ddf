// A heap in a page: buttons change it, and a map shows its arenas. Run it with: npm run example:live

import { ArenaMapView, themeChoice } from "tallyheap-cli/charts";
import "tallyheap-cli/charts.css";

import { Names } from "../python-names/names.js";
import { program } from "../python-names/program.js";
import { Actions } from "./actions.js";
import "./style.css";

const byId = (id: string): HTMLElement => document.getElementById(id)!;

const actions = new Actions();
const map = new ArenaMapView("Map of the arenas");
const names = new Names(actions.heap, (text) => log(`printed: ${text}`));
let isShown = true;

function log(text: string): void {
  const item = document.createElement("li");
  item.textContent = text;
  byId("log").prepend(item);
}

/** Draws once for all that happens before the next frame. */
function show(): void {
  if (!isShown) return;
  isShown = false;
  requestAnimationFrame(() => {
    isShown = true;
    map.show(actions.heap.arenaMap());
    byId("facts").replaceChildren(...actions.facts().map(fact));
  });
}

function fact([name, text]: readonly [string, string]): HTMLElement {
  const element = document.createElement("div");
  const [term, value] = [document.createElement("dt"), document.createElement("dd")];
  [term.textContent, value.textContent] = [name, text];
  element.append(term, value);
  return element;
}

function perform(work: () => string | undefined): void {
  try {
    const said = work();
    if (said !== undefined) log(said);
  } catch (error) {
    log(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
  show();
}

function addButton(place: string, label: string, work: () => string): void {
  const button = document.createElement("button");
  button.textContent = label;
  button.addEventListener("click", () => perform(work));
  byId(place).append(button);
}

addButton("object-buttons", "Make cycles", () => actions.makeCycles());
addButton("object-buttons", "Drop them", () => actions.drop());
addButton("object-buttons", "Collect", () => actions.gc());
addButton("block-buttons", "Fragment", () => actions.fragment());
addButton("block-buttons", "Free the rest", () => actions.free());
addButton("block-buttons", "Trim", () => actions.trim());

const line = byId("line") as HTMLInputElement;
byId("line-form").addEventListener("submit", (event) => {
  event.preventDefault();
  perform(() => {
    log(`>>> ${line.value}`);
    names.execute(line.value);
    return undefined;
  });
});
for (const [code] of program(4000)) {
  const option = document.createElement("option");
  option.value = code;
  byId("lines").append(option);
}

document.querySelector("header")!.append(themeChoice());
byId("map").append(map.element);
show();
