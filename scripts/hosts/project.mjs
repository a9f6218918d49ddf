// What the hosts run: the packed package installed in an empty project, and a probe for each of its entries.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError, capture, root } from "../steps.mjs";

/** Where tools stay from run to run. */
const TOOLS = join(root, "build/hosts");

/** What every host can do, on a heap of any entry. */
const EXERCISE = `
export function exerciseBytes(heap) {
  const kept = heap.malloc(100);
  heap.bytes(kept, 100).fill(7);
  const blocks = Array.from({ length: 10_000 }, (_, i) => heap.malloc(1 + (i % 700)));
  for (const block of blocks) heap.free(block);
  let code = "";
  try { heap.free(blocks[0]); } catch (error) { code = error.code; }
  if (!code.startsWith("ERR_HEAP_")) throw new Error("a block was freed twice");
  if (heap.bytes(kept, 100).some((byte) => byte !== 7)) throw new Error("a block was overwritten");
  heap.verify();
  heap.free(kept);
}
export function exercise(heap) {
  exerciseBytes(heap);
  const list = heap.fromJS([1, "two", new Map([["three", 3.5]])]);
  heap.lists.append(list, list);
  heap.decref(list);
  if (heap.gc() !== 2) throw new Error("the cycle was not collected");
  heap.verify();
  heap.dispose();
}
export const report = (work) => work.then(() => "ok", (error) => error.code + ": " + error.message)
  .then((outcome) => { globalThis.outcome = outcome; console.log("outcome: " + outcome); });
`;

const CREATE = "async () => exercise(await entry.createHeap())";

/**
 * A probe for each entry: what it imports besides \`entry\`, and what it does.
 * @type {Readonly<Record<string, { work: string, imports?: string, nodeOnly?: boolean }>>}
 */
export const PROBES = {
  tallyheap: { work: CREATE },
  "tallyheap/url": { work: CREATE },
  "tallyheap/bytes": {
    work: "async () => { const heap = entry.createHeap(); exerciseBytes(heap); heap.dispose(); }",
  },
  "tallyheap/debug": { work: CREATE },
  "tallyheap/hardened": { work: CREATE },
  "tallyheap/testing": {
    imports: 'import { createHeap } from "tallyheap";',
    work: "async () => { const heap = createHeap(); const start = entry.checkpoint(heap); exerciseBytes(heap); entry.assertNoLeaks(start); }",
  },
  "tallyheap/c": {
    imports: 'import { createHeap } from "tallyheap";',
    work: "async () => { const { imports } = new entry.CClient(createHeap()); imports.env.free(imports.env.malloc(100)); }",
  },
  "tallyheap/node": {
    imports: 'import { createHeap } from "tallyheap";',
    work: "async () => { const heap = createHeap(); const end = entry.publishCollections(heap); heap.gc(); end(); }",
    nodeOnly: true,
  },
};

/**
 * What came of each entry in a host, and what is to be said of it.
 * @typedef {{ host: string, cells: Map<string, string>, remark?: string | undefined }} Row
 */

/** @param {string} host @returns {Row} */
export const absent = (host) => ({ host, cells: new Map(), remark: "not to be had from the registry here" });

/** @param {string} entry */
export function probe(entry) {
  const { imports = "", work } = /** @type {(typeof PROBES)[string]} */ (PROBES[entry]);
  return `import { exercise, exerciseBytes, report } from "./exercise.mjs";\n${imports}\nimport * as entry from "${entry}";\nreport((${work})());\n`;
}

/** @param {string} entry */
export const probeFile = (entry) => `${entry.replace("/", "-")}.mjs`;

/** The package as it would be published, installed in an empty project that has the probes. */
export async function makeProject() {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-hosts-"));
  const packed = await npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf("[")));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "consumer", private: true, type: "module" }),
  );
  await npm(["install", "--offline", "--ignore-scripts", join(folder, filename)], folder);
  writeFileSync(join(folder, "exercise.mjs"), EXERCISE);
  for (const entry of Object.keys(PROBES)) writeFileSync(join(folder, probeFile(entry)), probe(entry));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * The folder of node_modules with these packages of the registry, installed at their first use; undefined where they cannot be had.
 * @param {string[]} packages each with its version
 */
export async function tool(...packages) {
  const folder = join(TOOLS, packages.join("+").replaceAll("/", "-"));
  const modules = join(folder, "node_modules");
  if (existsSync(join(folder, "installed"))) return modules;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  try {
    await npm(["install", "--ignore-scripts", ...packages], folder);
    writeFileSync(join(folder, "installed"), "");
    return modules;
  } catch {
    return undefined;
  }
}

/** @param {string[]} args @param {string} cwd */
async function npm(args, cwd) {
  const command = process.platform === "win32" ? "npm.cmd" : "npm";
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await capture(command, [...args, ...quiet], { cwd });
  if (code !== 0) throw new BuildError(`npm ${args.join(" ")}:\n${output.trim()}`);
  return output;
}

/** The text behind "outcome: " of what a host printed, or the last line of it. @param {string} output */
export function outcomeOf(output) {
  const [, outcome] = /^outcome: (.*)$/m.exec(output) ?? [];
  return (
    outcome ??
    (
      output
        .trim()
        .split("\n")
        .find((line) => /error/i.test(line)) || "it printed nothing"
    ).trim()
  );
}

/** The files of the package's exports, by entry. */
export function exportedFiles() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  /** @type {[string, string][]} */
  const files = Object.keys(PROBES).map((entry) => {
    const target = exports[entry.replace("tallyheap", ".")];
    return [entry, target.default.slice("./".length)];
  });
  return new Map(files);
}
