// npm run hops: the files and functions that some events pass, as docs/architecture.md prints them.
//   --check   compare with docs/architecture.md instead of printing
//   --write   put them into docs/architecture.md
//
// What is listed was entered, not read: the core is compiled once more, with a call at the start of every function (also
// of those that the compiler inlines), and what ran in TypeScript is V8's own coverage. Accessors of classes are data.

import asc from "assemblyscript/asc";
import { readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format, resolveConfig } from "prettier";
import { root } from "./steps.mjs";

const DOCUMENT = "docs/architecture.md";
/** Folders of bindings/ from the outside in; V8 lists files in an order of its own. */
const LAYERS = ["heap", "objects", "collector", "core"];
const DIST = pathToFileURL(join(root, "dist/")).href;

/** Functions that ran, by file. @typedef {Map<string, Set<string>>} Functions */

/**
 * What one event passed: functions of the bindings, functions of the core in the order of first entry, and the calls
 * from TypeScript into the core.
 * @typedef {{ event: string, bindings: Functions, core: Functions, entries: string[] }} Way
 */

/** Functions of the core by the number that they report. @type {{ file: string, name: string }[]} */
const functions = [];
/** @type {number[]} */
let entered = [];
/** @type {string[]} */
let entries = [];

/** The source with a call at the start of each function. @param {string} file below assembly/ @param {string} text */
function instrument(file, text) {
  const traced = text.replace(/^(?:export )?function (\w+)\b[^{]*\{$/gm, (head, name) => {
    functions.push({ file, name });
    return `${head} __enter(${functions.length - 1});`;
  });
  if (traced === text) return text;
  return `${traced}\n// @ts-ignore: decorator\n@external("hops", "enter")\ndeclare function __enter(id: u32): void;\n`;
}

/** The wasm of the core that reports its functions. */
async function compileCore() {
  /** @type {Map<string, string | null>} */
  const texts = new Map();
  /** @type {Uint8Array | undefined} */
  let wasm;
  const args = ["assembly/abi/core.ts", "--target", "release"];
  const { error, stderr } = await asc.main([...args, "-O0", "--outFile", "core.wasm", "--textFile", ""], {
    readFile(name, folder) {
      const path = resolve(root, folder, name);
      if (!texts.has(path)) texts.set(path, readSource(path));
      return texts.get(path) ?? null;
    },
    writeFile(name, contents) {
      if (name.endsWith(".wasm") && typeof contents !== "string") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === undefined)
    throw new Error(`the core does not compile:\n${stderr.toString()}`);
  return wasm;
}

/** @param {string} path */
function readSource(path) {
  try {
    const text = readFileSync(path, "utf8");
    const [, file] = path.replaceAll("\\", "/").split(/\/assembly\/(?=[\w/-]+\.ts$)/);
    return path.startsWith(join(root, "assembly")) && file !== undefined ? instrument(file, text) : text;
  } catch {
    return null;
  }
}

/** Instances that have the import of the instrumented core and note every call of an export. */
function watchEntries() {
  const Plain = WebAssembly.Instance;
  /** @param {WebAssembly.Module} module @param {WebAssembly.Imports} imports */
  const watched = function (module, imports) {
    const hops = { enter: (/** @type {number} */ id) => void entered.push(id) };
    const { exports } = new Plain(module, { ...imports, hops });
    const noted = Object.entries(exports).map(([name, value]) => {
      if (typeof value !== "function") return [name, value];
      const note = (/** @type {unknown[]} */ ...args) => (entries.push(name), value(...args));
      return [name, note];
    });
    return { exports: Object.fromEntries(noted) };
  };
  WebAssembly.Instance = /** @type {typeof WebAssembly.Instance} */ (/** @type {unknown} */ (watched));
}

const TREE = "`decref(p)`, the last reference to a tree of records";
const COLLECTION = "`gc()`, a tree of records alive, a ring of two dead";

/** @typedef {import("tallyheap").Heap} Heap */
/** @typedef {import("tallyheap").Ptr} Ptr */

/**
 * What is followed: `prepare` builds what the event needs, and returns the event.
 * @type {{ event: string, prepare: (heap: Heap) => () => void }[]}
 */
const EVENTS = [
  {
    event: "`decref(p)`, not the last reference",
    prepare(heap) {
      const p = heap.list();
      heap.incref(p);
      return () => heap.decref(p);
    },
  },
  {
    event: "`decref(p)`, the last reference to a float",
    prepare(heap) {
      const p = heap.float(0.5);
      return () => heap.decref(p);
    },
  },
  {
    event: "`decref(p)`, the last reference to a record that holds a float",
    prepare(heap) {
      const Cell = cell(heap);
      const p = heap.alloc(Cell);
      heap.stealRef(p, Cell.fields.left, heap.float(0.5));
      return () => heap.decref(p);
    },
  },
  {
    event: TREE,
    prepare(heap) {
      const p = tree(heap, cell(heap), 4);
      return () => heap.decref(p);
    },
  },
  {
    event: COLLECTION,
    prepare(heap) {
      const Cell = cell(heap);
      tree(heap, Cell, 4);
      const [a, b] = [heap.alloc(Cell), heap.alloc(Cell)];
      heap.stealRef(a, Cell.fields.left, b);
      heap.setRef(b, Cell.fields.left, a);
      heap.decref(a);
      return () => {
        if (heap.gc() !== 2) throw new Error("the ring was not collected");
      };
    },
  },
];

/** @param {Heap} heap */
const cell = (heap) => heap.defineType({ name: "Cell", fields: { left: "ref", right: "ref" } });

/** @param {Heap} heap @param {ReturnType<typeof cell>} Cell @param {number} depth @returns {Ptr} */
function tree(heap, Cell, depth) {
  const p = heap.alloc(Cell);
  if (depth === 0) return p;
  heap.stealRef(p, Cell.fields.left, tree(heap, Cell, depth - 1));
  heap.stealRef(p, Cell.fields.right, tree(heap, Cell, depth - 1));
  return p;
}

/** @param {Functions} functions @param {string} file @param {string} name */
function note(functions, file, name) {
  if (!functions.has(file)) functions.set(file, new Set());
  functions.get(file)?.add(name);
}

/** @param {string} file */
const layer = (file) => LAYERS.indexOf(file.split("/")[0] ?? "");

/** @returns {Promise<Way[]>} */
async function follow() {
  const wasm = await compileCore();
  watchEntries();
  const { createHeap } = /** @type {typeof import("tallyheap")} */ (await import("tallyheap"));
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  /** @type {Way[]} */
  const ways = [];
  for (const { event, prepare } of EVENTS) {
    const heap = createHeap({ module: /** @type {BufferSource} */ (wasm), autoCollect: false, onLeak() {} });
    // Twice: the first time finds nothing where a heap that has worked for a while does.
    prepare(heap)();
    const run = prepare(heap);
    await session.post("Profiler.takePreciseCoverage");
    entered = [];
    entries = [];
    run();
    const passed = entered;
    /** @type {Way} */
    const way = { event, bindings: new Map(), core: new Map(), entries };
    [entered, entries] = [[], []];
    for (const id of passed) {
      const { file, name } = /** @type {{ file: string, name: string }} */ (functions[id]);
      note(way.core, file, name);
    }
    const { result } = await session.post("Profiler.takePreciseCoverage");
    for (const { url, functions } of result) {
      if (!url.startsWith(DIST)) continue;
      const file = url.slice(DIST.length).replace(/\.js$/, ".ts");
      for (const { functionName, ranges } of functions) {
        if ((ranges[0]?.count ?? 0) === 0 || functionName === "" || functionName.startsWith("get ")) continue;
        note(way.bindings, file, functionName);
      }
    }
    way.bindings = new Map([...way.bindings].sort(([a], [b]) => layer(a) - layer(b) || (a < b ? -1 : 1)));
    ways.push(way);
    heap.dispose();
  }
  session.disconnect();
  return ways;
}

/** @param {Way[]} ways */
function figures(ways) {
  const rows = ways.map(
    ({ event, bindings, core, entries }) =>
      `| ${event} | ${bindings.size + core.size} | ${bindings.size} | ${core.size} | ${entries.length} |`,
  );
  const head = [
    "| event | files passed | bindings/ | assembly/ | calls into the core |",
    "|---|--:|--:|--:|--:|",
  ];
  return [...head, ...rows].join("\n");
}

/** @param {Way} way */
function listing({ bindings, core, entries }) {
  const names = [...bindings.keys(), ...core.keys()].map((file) => file.length);
  const width = Math.max(...names) + 2;
  const lines = (/** @type {string} */ folder, /** @type {Functions} */ functions) => [
    folder,
    ...[...functions].flatMap(([file, names]) => wrap(`  ${file.padEnd(width)}`, [...names])),
  ];
  const calls = [`calls into the core: ${entries.join(", ")}`];
  return ["```text", ...lines("bindings/", bindings), ...calls, ...lines("assembly/", core), "```"].join(
    "\n",
  );
}

/** Names behind a label, in lines of at most 110 characters. @param {string} label @param {string[]} names */
function wrap(label, names) {
  const lines = [label];
  for (const [i, name] of names.entries()) {
    const word = i + 1 < names.length ? `${name}, ` : name;
    if ((lines.at(-1) ?? "").length + word.length > 110) lines.push(" ".repeat(label.length));
    lines.push(lines.pop() + word);
  }
  return lines.map((line) => line.trimEnd());
}

/** The parts of the document by the name in their markers. @param {Way[]} ways @returns {Record<string, string>} */
function parts(ways) {
  const of = (/** @type {string} */ event) =>
    listing(/** @type {Way} */ (ways.find((way) => way.event === event)));
  return { figures: figures(ways), decref: of(TREE), gc: of(COLLECTION) };
}

/** The document with its parts replaced. @param {Record<string, string>} parts */
async function update(parts) {
  let text = readFileSync(join(root, DOCUMENT), "utf8");
  for (const [name, part] of Object.entries(parts)) {
    const [begin, end] = [`<!-- hops: ${name} -->`, "<!-- end -->"];
    const start = text.indexOf(begin);
    const stop = text.indexOf(end, start);
    if (start < 0 || stop < 0) throw new Error(`${DOCUMENT} has no place for ${name}`);
    text = `${text.slice(0, start)}${begin}\n\n${part}\n\n${text.slice(stop)}`;
  }
  return format(text, { ...(await resolveConfig(join(root, DOCUMENT))), filepath: DOCUMENT });
}

const ways = await follow();
const flags = new Set(process.argv.slice(2));
if (flags.has("--write")) {
  writeFileSync(join(root, DOCUMENT), await update(parts(ways)));
} else if (flags.has("--check")) {
  if ((await update(parts(ways))) !== readFileSync(join(root, DOCUMENT), "utf8")) {
    console.error(
      `${DOCUMENT} is out of date: npm run hops -- --write, and look whether its text still holds`,
    );
    process.exitCode = 1;
  }
} else {
  console.log(figures(ways));
  for (const way of ways) console.log(`\n${way.event}\n\n${listing(way)}`);
}
