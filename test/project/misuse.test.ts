/// <reference types="vite/client" />
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { expect, test } from "vitest";
import { WAYS, misuseTable } from "./misuse.js";
import { read, root } from "./repository.js";

// `npm run misuse` writes the table instead of comparing it.

const PAGE = "docs/checks.md";
const [BEGIN, END] = ["<!-- misuse: begin -->", "<!-- misuse: end -->"];

/** The table as Markdown, between its marks. */
async function section(rows: string[][]): Promise<string> {
  const [head, ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = [line(head!), line(head!.map(() => "---")), ...body.map(line)].join("\n");
  return format(`${BEGIN}\n\n${table}\n\n${END}`, { parser: "markdown", printWidth: 110 });
}

test("the table of misuses in docs/checks.md is what happens", async () => {
  const rows = misuseTable();
  const text = read(PAGE);
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END) + END.length];
  expect(start).toBeGreaterThan(0);
  const now = (await section(rows)).trim();
  if (import.meta.env.MODE === "write") {
    writeFileSync(join(root, PAGE), text.slice(0, start) + now + text.slice(end));
  } else expect(text.slice(start, end)).toBe(now);
  const hardened = Object.keys(WAYS).findIndex((name) => name === "hardened") + 1;
  // Nowhere does the hardened core hand out what somebody has, unless a stale pointer frees a block that is live again.
  for (const row of rows.filter(([name]) => !name!.includes("handed out anew")))
    for (const cell of [row[hardened], row[hardened + 1]]) expect(cell).not.toContain("live");
});
