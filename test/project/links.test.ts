import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesEndingWith, read, root } from "./repository.js";

/** Code is not prose: brackets in it are no links. */
function prose(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}

/** The anchor that GitHub gives a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function anchors(markdown: string): Set<string> {
  const headings = markdown.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, heading]) => anchor(heading!)));
}

describe("relative links resolve", () => {
  test.each(filesEndingWith(".md"))("%s", (file) => {
    const broken: string[] = [];
    for (const [, target] of prose(read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path, fragment] = target!.split("#");
      const to = path === "" ? file : join(dirname(file), path!);
      const found = existsSync(join(root, to));
      const anchored = fragment === undefined || (found && anchors(read(to)).has(fragment));
      if (!found || !anchored) broken.push(target!);
    }
    expect(broken).toEqual([]);
  });
});
