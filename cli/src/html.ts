import { readFileSync } from "node:fs";

import type { ReportData } from "./report-data.js";

/** A page of its own: what it may load is nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

const asset = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), "utf8");

/** The report as one HTML file that holds its script, its style and its data. */
export function reportHtml(data: ReportData): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    `<title>${escapeText(data.title)}</title>`,
    // A data URL: else the browser looks for one beside the file.
    '<link rel="icon" href="data:,">',
    `<style>\n${asset("page.css")}\n</style>`,
    "<noscript>This report is drawn by a script that is part of the page; scripts are off.</noscript>",
    `<script type="application/json" id="data">${escapeScript(JSON.stringify(data))}</script>`,
    `<script type="module">\n${escapeScript(asset("page.js"))}\n</script>`,
    "</html>\n",
  ].join("\n");
}

function escapeText(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Text of a script element, which ends at `</script` and changes its meaning at `<!--`. In JSON and in strings of
 * JavaScript the escapes mean the same; a script has these characters nowhere else.
 */
function escapeScript(text: string): string {
  return text.replace(/<(?=\/script|script|!--)/gi, "\\u003c");
}
