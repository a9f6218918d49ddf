// npm run test:hosts
// The packed package in an empty project: every entry in Node, Deno, Bun and Chromium, bundled by Vite, webpack, esbuild,
// Rollup and Bun, with the sizes of bundles. Hosts and bundlers come from the npm registry and stay in build/hosts.
//   --write   puts the tables into docs/hosts.md

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { chromiumPath, openBrowser, tryBrowser } from "./hosts/browser.mjs";
import { measureBundles, tryBundlers } from "./hosts/bundlers.mjs";
import { makeProject } from "./hosts/project.mjs";
import { tryRuntimes } from "./hosts/runtimes.mjs";
import { root } from "./steps.mjs";

const DOCUMENT = "docs/hosts.md";
/** Outcomes that are as they should be. */
const GOOD = new Set(["ok", "says why"]);

/** @typedef {import("./hosts/project.mjs").Row} Row */

/** A table with a column for each entry that any row has. @param {string} head @param {Row[]} rows */
function table(head, rows) {
  const entries = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))];
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [
    line([head, ...entries.map((entry) => `\`${entry.replace("tallyheap/", "/")}\``), ""]),
    line(["---", ...entries.map(() => "---"), "---"]),
    ...rows.map(({ host, cells, remark = "" }) =>
      line([
        host,
        ...entries.map((entry) => (cells.has(entry) ? short(cells.get(entry) ?? "") : "–")),
        remark,
      ]),
    ),
  ].join("\n");
}

/** @param {string} outcome */
const short = (outcome) => (GOOD.has(outcome) ? outcome : "**fails**");

/** @param {{ what: string, bytes: number, gzipped: number }[]} sizes */
function sizeTable(sizes) {
  const kb = (/** @type {number} */ bytes) => `${(bytes / 1024).toFixed(1)} KB`;
  const rows = sizes.map(({ what, bytes, gzipped }) => `| ${what} | ${kb(bytes)} | ${kb(gzipped)} |`);
  return ["| bundle | minified | gzipped |", "| --- | --: | --: |", ...rows].join("\n");
}

/** The document with its parts replaced. @param {Record<string, string>} parts */
async function update(parts) {
  let text = readFileSync(join(root, DOCUMENT), "utf8");
  for (const [name, part] of Object.entries(parts)) {
    const begin = `<!-- hosts: ${name} -->`;
    const [start, stop] = [text.indexOf(begin), text.indexOf("<!-- end -->", text.indexOf(begin))];
    if (start < 0 || stop < 0) throw new Error(`${DOCUMENT} has no place for ${name}`);
    text = `${text.slice(0, start)}${begin}\n\n${part}\n\n${text.slice(stop)}`;
  }
  return format(text, { ...(await resolveConfig(join(root, DOCUMENT))), filepath: DOCUMENT });
}

const { folder, remove } = await makeProject();
const browser = chromiumPath() === undefined ? undefined : await openBrowser(folder);
try {
  const rows = await tryRuntimes(folder);
  if (browser) rows.push(...(await tryBrowser(browser)));
  else rows.push({ host: "Chromium", cells: new Map(), remark: "not on this machine: set CHROMIUM_PATH" });
  const bundled = await tryBundlers(folder, browser?.run);
  const sizes = await measureBundles(folder);
  const parts = {
    hosts: table("host", rows),
    bundlers: table("bundler", bundled),
    ...(sizes && { sizes: sizeTable(sizes) }),
  };
  console.log(Object.values(parts).join("\n\n"));
  const outcomes = [...rows, ...bundled].flatMap(({ host, cells }) =>
    [...cells].map(([entry, outcome]) => ({ host, entry, outcome })),
  );
  const failed = outcomes.filter(({ outcome }) => !GOOD.has(outcome));
  for (const { host, entry, outcome } of failed) console.error(`${host}, ${entry}: ${outcome}`);
  console.log(`hosts: ${outcomes.length - failed.length} passed, ${failed.length} failed`);
  if (process.argv.includes("--write")) writeFileSync(join(root, DOCUMENT), await update(parts));
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  await browser?.close();
  if (!process.env["KEEP"]) remove();
  else console.log(folder);
}
