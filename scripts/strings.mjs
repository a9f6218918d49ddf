// node scripts/strings.mjs [FILE…]
// How much memory strings of real programs take in different storages: the names and literals of JavaScript sources and
// the values of JSON files. Without files: those that come with the compiler, whose messages are in 14 languages.

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import ts from "typescript";
import { glob, root } from "./steps.mjs";

/** Header, length and hash; blocks are multiples of 8. */
const HEAD = 16;
const block = (/** @type {number} */ bytes) => (HEAD + bytes + 7) & ~7;

/** @type {Record<string, (text: string) => number>} */
const STORAGES = {
  "1 or 2 bytes a unit": (text) => text.length * (isBelow(text, 0x100) ? 1 : 2),
  "1, 2 or 4 bytes": (text) =>
    isBelow(text, 0x100) ? text.length : isBelow(text, 0x10000) ? text.length * 2 : [...text].length * 4,
  "UTF-8": (text) => Buffer.byteLength(text),
  "2 bytes a unit": (text) => text.length * 2,
};

/** @param {string} text @param {number} limit */
function isBelow(text, limit) {
  for (const character of text) if (/** @type {number} */ (character.codePointAt(0)) >= limit) return false;
  return true;
}

/** @param {string} file */
function stringsOf(file) {
  const text = readFileSync(file, "utf8");
  /** @type {Set<string>} */
  const found = new Set();
  if (file.endsWith(".json")) {
    JSON.parse(text, (key, value) => {
      if (key !== "") found.add(key);
      if (typeof value === "string") found.add(value);
      return value;
    });
    return found;
  }
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isTemplateHead(node))
      found.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

const library = join(root, "node_modules/typescript/lib");
const given = process.argv.slice(2);
const files =
  given.length > 0
    ? given
    : [
        join(library, "typescript.js"),
        ...glob("node_modules/typescript/lib/**/*.generated.json").map((file) => join(root, file)),
      ];

const names = Object.keys(STORAGES);
console.log(["", "strings", "median", ...names].map((name) => name.padStart(20)).join(""));
for (const file of files) {
  const strings = [...stringsOf(file)].filter((text) => text.length > 0);
  const lengths = strings.map((text) => text.length).sort((a, b) => a - b);
  const bytes = Object.values(STORAGES).map((size) =>
    strings.reduce((sum, text) => sum + block(size(text)), 0),
  );
  const label = file.endsWith(".json") ? basename(dirname(file)) : basename(file);
  const shares = bytes.map((sum) => (sum / /** @type {number} */ (bytes[0])).toFixed(2));
  const row = [label, strings.length, lengths[lengths.length >>> 1], `${bytes[0]} B`, ...shares.slice(1)];
  console.log(row.map((cell) => String(cell).padStart(20)).join(""));
}
