// npm run figures: measures the table of figures in the README.
//   --node V      a version of Node to measure on, as the benchmarks take it; may be repeated. Default: 24 and 20
//   --rounds N    interleaved rounds of each measurement. Default: 5
//   --write       put the table into README.md instead of printing it
//
// Every row is what one of the benchmark commands prints with --json, and names that command.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { format, resolveConfig } from "prettier";
import { root } from "./steps.mjs";

const DOCUMENT = "README.md";
const [BEGIN, END] = ["<!-- figures -->", "<!-- end -->"];

/**
 * A row of a benchmark's output; see bench/lib/results.ts.
 * @typedef {object} Sample
 * @property {string} workload
 * @property {string} contender
 * @property {number} median
 * @property {string} version
 * @property {{ median: number }} [ratio]
 * @property {{ firstPass: number }} [memory]
 */

const { values } = parseArgs({
  options: {
    node: { type: "string", multiple: true, default: ["24", "20"] },
    rounds: { type: "string", default: "5" },
    write: { type: "boolean" },
  },
});

/** Programs that mostly ask for small blocks; docs/design.md has the others. */
const TRACES = ["cc1", "jq", "lua", "py-ast-json", "sqlite"].map(
  (name) => `bench/data/traces/${name}.atrc.gz`,
);

/** @typedef {"replay" | "objects" | "gc"} Bench */

/** What is run, once for each Node. @type {Record<Bench, string[]>} */
const RUNS = {
  replay: [...TRACES, "--quick", "--only", "tallyheap,tlsf,dlmalloc,glibc"],
  objects: ["record: create, destroy", "death: tree of 1M records"],
  gc: ["bench/data/graphs/ast.graph.gz"],
};

/**
 * A line of the table: of each contender one number, made from the samples that a benchmark has of it.
 * @typedef {object} Line
 * @property {string} text
 * @property {Bench} bench
 * @property {string} [workload] of which alone the samples are taken
 * @property {string[]} contenders
 * @property {number} digits
 * @property {(samples: Sample[]) => number} value
 */

/** @param {number[]} values */
const geometricMean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
const ratio = (/** @type {Sample[]} */ samples) => geometricMean(samples.map((s) => s.ratio?.median ?? NaN));
const memory = (/** @type {Sample[]} */ samples) =>
  geometricMean(samples.map((s) => s.memory?.firstPass ?? NaN));
const median = (/** @type {Sample[]} */ samples) => samples[0]?.median ?? NaN;

/** @type {Line[]} */
const LINES = [
  {
    text: "malloc family, heap calls of five programs, from wasm: time to glibc's. tallyheap linked in / called / dlmalloc / AssemblyScript's TLSF",
    bench: "replay",
    contenders: ["tallyheap (inlined)", "tallyheap (called)", "dlmalloc (wasm)", "tlsf (wasm)"],
    digits: 2,
    value: ratio,
  },
  {
    text: "the same from TypeScript: `heap.raw` / `heap` with its checks",
    bench: "replay",
    contenders: ["tallyheap (raw)", "tallyheap (checked)"],
    digits: 2,
    value: ratio,
  },
  {
    text: "peak memory to peak live bytes: tallyheap / dlmalloc / TLSF",
    bench: "replay",
    contenders: ["tallyheap (called)", "dlmalloc (wasm)", "tlsf (wasm)"],
    digits: 2,
    value: memory,
  },
  {
    text: "a record is made and dropped, ns: tallyheap / V8's objects / CPython",
    bench: "objects",
    workload: "record: create, destroy",
    contenders: ["tallyheap (checked)", "v8", "cpython"],
    digits: 0,
    value: median,
  },
  {
    text: "a tree of a million records is dropped, ns a record: tallyheap / CPython",
    bench: "objects",
    workload: "death: tree of 1M records",
    contenders: ["tallyheap (checked)", "cpython"],
    digits: 0,
    value: median,
  },
  {
    text: "full collection, the graph of a real program (`ast`) alive, ns an object: tallyheap / V8 / CPython",
    bench: "gc",
    workload: "ast",
    contenders: ["tallyheap", "v8", "cpython"],
    digits: 0,
    value: median,
  },
  {
    text: "the same graph dropped, ns an object: tallyheap / V8 / CPython",
    bench: "gc",
    workload: "ast, dropped",
    contenders: ["tallyheap", "v8", "cpython"],
    digits: 0,
    value: median,
  },
];

/** @typedef {{ version: string, samples: Record<Bench, Sample[]> }} Column */

/** @param {string} node @returns {Column} */
function measure(node) {
  /** @param {Bench} bench @returns {Sample[]} */
  const samples = (bench) => {
    const options = ["--json", "--node", node, "--rounds", values.rounds];
    const args = [`build/bench/${bench}/${bench}.js`, ...options, ...RUNS[bench]];
    const stdio = /** @type {import("node:child_process").StdioOptions} */ (["ignore", "pipe", "inherit"]);
    return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio }));
  };
  const all = { replay: samples("replay"), objects: samples("objects"), gc: samples("gc") };
  const own = all.gc.find(({ contender }) => contender === "tallyheap");
  return { version: /^Node ([\d.]+)/.exec(own?.version ?? "")?.[1] ?? node, samples: all };
}

/** @param {Line} line @param {Column} column */
function cell({ bench, workload, contenders, digits, value }, { samples }) {
  return contenders
    .map((name) => {
      const own = samples[bench].filter(
        (s) => s.contender === name && (workload ?? s.workload) === s.workload,
      );
      return own.length === 0 ? "–" : value(own).toFixed(digits);
    })
    .join(" / ");
}

/** @param {Column[]} columns */
function table(columns) {
  const head = ["", ...columns.map(({ version }) => `Node ${version}`), "command"];
  const rows = LINES.map((line) => [
    line.text,
    ...columns.map((column) => cell(line, column)),
    `\`npm run -s bench:${line.bench}\``,
  ]);
  const bytes = gzipSync(readFileSync(join(root, "build/release.wasm")), { level: 9 }).length;
  rows.push([
    "the wasm, gzipped, bytes",
    ...columns.map(() => bytes.toLocaleString("en")),
    "`npm run check`",
  ]);
  const text = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const rule = `|---|${columns.map(() => "--:|").join("")}---|`;
  return [text(head), rule, ...rows.map(text)].join("\n");
}

/** When, where, and with which versions the figures were measured. @param {Column[]} columns */
function circumstances(columns) {
  const all = columns.flatMap(({ samples }) => Object.values(samples).flat());
  const version = (/** @type {string} */ name) => all.find(({ contender }) => contender === name)?.version;
  const cpython = version("cpython");
  const others = [version("glibc"), cpython];
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} processors, ${system()}`;
  const present = others.filter((other) => other !== undefined);
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine}, ${present.join(", ")}: medians of ${values.rounds} interleaved rounds,`,
    "processor time. Smaller is better everywhere. `npm run figures` measures the table anew, on your machine.",
  ].join("\n");
}

function system() {
  try {
    return /^PRETTY_NAME="(.+)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? type();
  } catch {
    return `${type()} ${release()}`;
  }
}

const columns = values.node.map(measure);
const figures = `${table(columns)}\n\n${circumstances(columns)}`;
if (values.write) {
  const path = join(root, DOCUMENT);
  const text = readFileSync(path, "utf8");
  const [start, stop] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || stop < start) throw new Error(`${DOCUMENT} has no place for the figures`);
  const updated = `${text.slice(0, start)}${BEGIN}\n\n${figures}\n\n${text.slice(stop)}`;
  writeFileSync(path, await format(updated, { ...(await resolveConfig(path)), filepath: path }));
} else {
  console.log(figures);
}
