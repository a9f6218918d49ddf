// npm run docs:pictures: finds the leak of examples/mini-interpreter/leak.scm in Chrome DevTools, and keeps what is to be
// seen on the way, for docs/debugging.md. DevTools is the one that Chromium brings along and serves at its debugging port.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { root } from "./steps.mjs";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ...["--remote-debugging-port=0", "--remote-allow-origins=*"],
];
const SIZE = { width: 1000, height: 560 };
const SESSIONS = 500;

/**
 * Heap snapshots of the program before and after it has served its sessions.
 * @param {string} folder
 * @param {{
 *   createHeap: typeof import("tallyheap").createHeap,
 *   writeHeapSnapshot: typeof import("tallyheap/node").writeHeapSnapshot,
 *   Interpreter: typeof import("../examples/mini-interpreter/interpreter.js").Interpreter,
 * }} parts
 * @returns {readonly [string, string]}
 */
export function takeSnapshots(folder, { createHeap, writeHeapSnapshot, Interpreter }) {
  // With serials no object is taken for one that died in its place.
  const heap = createHeap({ serials: true, taggedInts: true });
  const scheme = new Interpreter({}, heap);
  scheme.run(readFileSync(join(root, "examples/mini-interpreter/leak.scm"), "utf8"));
  const take = (/** @type {string} */ name) => {
    heap.gc();
    return writeHeapSnapshot(heap, join(folder, `${name}.heapsnapshot`));
  };
  scheme.run("(serve-all 0 3)");
  const before = take("before");
  scheme.run(`(serve-all 3 ${3 + SESSIONS})`);
  const after = take("after");
  scheme.dispose();
  heap.dispose();
  return [before, after];
}

/**
 * What DevTools says of two snapshots: the rows of its comparison, and the retainers of the first new closure. With `keep`
 * a picture of each is written there.
 * @param {string} executablePath of a Chromium
 * @param {readonly string[]} snapshots
 * @param {string} [keep] folder for pictures
 * @returns {Promise<{ comparison: string[], retainers: string[] }>}
 */
export async function findLeak(executablePath, snapshots, keep) {
  const profile = mkdtempSync(join(tmpdir(), "devtools-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    viewport: SIZE,
  });
  try {
    const page = await openDevTools(browser, profile);
    await page.getByRole("tab", { name: "Memory" }).click();
    for (const snapshot of snapshots) {
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Load profile" }).first().click();
      await (await chooser).setFiles(snapshot);
      const name = new RegExp(`${snapshot.replace(/^.*[/\\]|\.heapsnapshot$/g, "")}.*MB`);
      await page.getByRole("treeitem", { name }).waitFor();
    }
    await page.getByRole("treeitem", { name: /after/ }).click();
    const view = page.locator("select", { hasText: "Comparison" }).first();
    await view.selectOption({ label: "Comparison" });
    const rows = page.locator("tr.data-grid-data-grid-node");
    const closures = rows.filter({ hasText: /^closure\d/ });
    await closures.waitFor();
    // The colours of a row that has the focus are no part of the picture.
    await page.mouse.move(0, 0);
    const comparison = await textsOf(rows);
    if (keep !== undefined) await page.screenshot({ path: join(keep, "leak-comparison.png") });

    await closures.click();
    await page.keyboard.press("ArrowRight");
    await rows
      .filter({ hasText: /^closure@/ })
      .first()
      .waitFor();
    await page.keyboard.press("ArrowDown");
    // DevTools opens the shortest way to a root by itself.
    await rows.filter({ hasText: "(GC roots)" }).waitFor();
    const retainers = (await textsOf(rows)).filter((text) => / in /.test(text));
    if (keep !== undefined) await page.screenshot({ path: join(keep, "leak-retainers.png") });
    return { comparison, retainers };
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/**
 * The texts of rows, their cells and the words of a cell with spaces in between.
 * @param {import("playwright-core").Locator} rows @returns {Promise<string[]>}
 */
function textsOf(rows) {
  return rows.evaluateAll((elements) =>
    elements.map((element) => {
      const words = [];
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) words.push(walker.currentNode.textContent?.trim() ?? "");
      return words.filter((word) => word !== "").join(" ");
    }),
  );
}

/**
 * DevTools in a page of its own, attached to another one.
 * @param {import("playwright-core").BrowserContext} browser @param {string} profile
 */
async function openDevTools(browser, profile) {
  const [port] = readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n");
  const target = await browser.newPage();
  await target.goto("data:text/html,target");
  const response = await fetch(`http://127.0.0.1:${port}/json/list`);
  const targets = /** @type {{ id: string, url: string }[]} */ (await response.json());
  const id = targets.find(({ url }) => url.startsWith("data:text/html"))?.id;
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const socket = `127.0.0.1:${port}/devtools/page/${id}`;
  await page.goto(`http://127.0.0.1:${port}/devtools/devtools_app.html?ws=${socket}`);
  return page;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = mkdtempSync(join(tmpdir(), "leak-"));
  const keep = join(root, "docs/pictures");
  mkdirSync(keep, { recursive: true });
  try {
    const load = (/** @type {string} */ file) => import(pathToFileURL(join(root, file)).href);
    const [{ createHeap }, { writeHeapSnapshot }, { Interpreter }] = await Promise.all(
      ["dist/index.js", "dist/node.js", "build/examples/mini-interpreter/interpreter.js"].map(load),
    );
    const snapshots = takeSnapshots(folder, { createHeap, writeHeapSnapshot, Interpreter });
    const found = await findLeak(process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium", snapshots, keep);
    console.log([...found.comparison, "", ...found.retainers].join("\n"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
