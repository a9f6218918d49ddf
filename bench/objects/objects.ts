/**
 * `npm run -s bench:objects -- [options] [WORKLOAD…]`: birth, death, counts and stores of objects beside CPython and
 * plain JavaScript objects, and the bytes that objects take. The floor is what work from TypeScript costs at least.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { chosen, conditions, runBench, selected, type CommonOptions } from "../lib/options.js";
import { nativeSources, python, root } from "../lib/paths.js";
import { nodeCommand, withSessions, type Candidate, type Present } from "../lib/process.js";
import { find, makeRow, withRatios, type Row } from "../lib/results.js";
import { runRounds, type Plan } from "../lib/rounds.js";
import { fixed, makeTable } from "../lib/table.js";

const INLINED = "tallyheap (inlined)";
const CHECKED = "tallyheap (checked)";
const CPYTHON = "cpython";
const BLOCKS = "tallyheap";
const PAGES = "tallyheap (pages)";

const worker = (contender: string) => nodeCommand("objects/objects-worker.js", [contender]);

const CONTENDERS: readonly Candidate[] = [
  { name: INLINED, command: worker("inlined") },
  { name: CHECKED, command: worker("checked") },
  { name: "tallyheap (raw)", command: worker("raw") },
  { name: "v8", command: worker("v8") },
  { name: "floor", command: worker("floor") },
  {
    name: CPYTHON,
    command: { file: python, args: [join(nativeSources, "objects.py")] },
    isOptional: true,
  },
];

const WORKLOADS = [
  "death: tree of 1M records",
  "death: tree of 1M lists",
  "death: chain of 5M",
  "float: create, destroy",
  "record: create, destroy",
  "incref, decref",
  "store, 64k objects at random",
  "int: create, destroy",
  "str of 8: create, destroy",
  "str of 2,000: create, read, destroy",
  "list of 2: create, destroy",
  "empty dict: create, destroy",
  "dict of 2: create, destroy",
  "list: append, pop",
  "list: extend by 1,000, clear",
  "1,000 references: take, release",
  "2,000 bytes: create, read, destroy",
  "dict of 64: get",
  "dict of 64: visit",
];

/** Kinds of objects, and what CPython 3.11 takes for one on 64 bits (with the collector's header). */
const KINDS: readonly (readonly [kind: string, cpython: number])[] = [
  ["int", 32],
  ["float", 32],
  ["str, 8 characters", 64],
  ["1-tuple", 48],
  ["2-tuple", 64],
  ["empty list", 64],
  ["list of 1", 80],
  ["empty dict", 64],
  ["dict of 1", 224],
  ["record, 2 fields", 48],
];

async function measure(present: readonly Present[], names: readonly string[], plan: Plan): Promise<Row[]> {
  const ask = async ({ name }: { name: string }, { session }: Present): Promise<number | undefined> => {
    const answer = await session.ask(name);
    return answer === "-" ? undefined : Number(answer);
  };
  const workloads = names.map((name) => ({ name }));
  const cells = await runRounds(workloads, present, plan, ask, ask);
  return withRatios(
    cells.map((cell) => makeRow(cell, "ns", cell.answers)),
    CPYTHON,
  );
}

/** Bytes an object, of its blocks and, for the heap, of the pages too, as rows. */
async function weigh(present: readonly Present[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, version, session } of present) {
    if (name !== CHECKED && name !== CPYTHON) continue;
    for (const [kind] of KINDS) {
      for (const measure of name === CPYTHON ? ["bytes"] : ["bytes", "pages"]) {
        const answer = await session.ask(`${measure} ${kind}`);
        if (answer === "-") continue;
        const contender = name === CPYTHON ? name : measure === "bytes" ? BLOCKS : PAGES;
        const cell = { workload: { name: kind }, contender: { name: contender, version } };
        rows.push(makeRow(cell, "bytes", [Number(answer)]));
      }
    }
  }
  return rows;
}

function timesTable(rows: readonly Row[], names: readonly string[], workloads: readonly string[]): string {
  const body = workloads.map((workload) => [
    workload,
    ...names.map((name) => {
      const row = find(rows, workload, name);
      const ratio = row?.ratio && name !== CPYTHON ? ` (${fixed(row.ratio.median, 2)})` : "";
      return `${fixed(row?.median, 1)}${ratio}`;
    }),
  ]);
  return makeTable(["", ...names], body);
}

function bytesTable(rows: readonly Row[]): string {
  const body = KINDS.map(([kind, known]) => {
    const measured = [BLOCKS, PAGES, CPYTHON].map((name) => fixed(find(rows, kind, name)?.median, 1));
    return [kind, ...measured, String(known)];
  });
  return makeTable(["", BLOCKS, PAGES, "cpython here", "CPython 3.11"], body);
}

await runBench<CommonOptions>({
  name: "bench:objects",
  args: "[...workloads]",
  about: "Birth, death, counts and stores of objects",
  quick: "",
  run(names, options, plan) {
    const workloads = chosen(
      WORKLOADS.map((name) => ({ name })),
      names,
    ).map(({ name }) => name);
    return withSessions(selected(CONTENDERS, options.only), async (present, absent) => {
      const times = await measure(present, workloads, plan);
      const bytes = names.length === 0 ? await weigh(present) : [];
      const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
      const columns = present.map(({ name }) => name);
      const text = (): string =>
        [
          `ns a unit (ratio to CPython of the same round)\n${timesTable(times, columns, workloads)}`,
          ...(bytes.length > 0 ? [`bytes an object\n${bytesTable(bytes)}`] : []),
          `tallyheap ${version}; ${conditions(present, absent, plan)}`,
        ].join("\n\n");
      return { rows: [...times, ...bytes], text };
    });
  },
});
