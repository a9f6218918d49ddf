import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { createHeap } from "tallyheap";
import { afterAll, describe, expect, test } from "vitest";
import { hasCompiler } from "../bench/command.js";
import { encode, type Operation } from "../bench/encode.js";
import { OP_FREE, OP_MALLOC } from "../../bench/lib/trace.js";
import { readSnapshot } from "../inspect/snapshot-file.js";
import { npm, read, root } from "../project/repository.js";

const folder = mkdtempSync(join(tmpdir(), "tallyheap-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COMMANDS = ["replay", "record", "gc", "snapshot", "report", "stats"];
const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** Runs the built command in the scratch folder; output is piped, never a terminal. */
function cli(args: readonly string[], env: Record<string, string> = {}) {
  const run = spawnSync(process.execPath, [join(root, "cli/dist/main.js"), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** The same of a run that has to succeed; its output as JSON. */
function json(...args: string[]): unknown {
  const { code, stdout, stderr } = cli([...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const operations: Operation[] = Array.from({ length: 2000 }, (_, i) => [OP_MALLOC, i, 16 + (i % 300)]);
for (let i = 0; i < 1500; i++) operations.push([OP_FREE, i, 0]);
const traceBytes = encode(operations);
const trace = file("small.atrc.gz", gzipSync(traceBytes));

/** A graph file: node 0 is a list of the others, each of which refers to it. `last` is the target of the last edge. */
function graphBytes(last = 0): Uint8Array {
  const nodes = 50;
  const kinds = Buffer.from("\x04list\x01", "latin1");
  const u32 = (words: readonly number[]): Buffer => Buffer.from(Uint32Array.from(words).buffer);
  const children = Array.from({ length: nodes - 1 }, (_, i) => i + 1);
  const back = children.map((_, i) => (i === nodes - 2 ? last : 0));
  return Buffer.concat([
    Buffer.from("HGPH"),
    u32([1, nodes, 2 * children.length, 1, 1]),
    kinds,
    Buffer.alloc(nodes),
    u32(new Array(nodes).fill(64)),
    u32([children.length, ...children.map(() => 1)]),
    u32([...children, ...back]),
    u32([0]),
  ]);
}
const graph = file("ring.graph.gz", gzipSync(graphBytes()));

describe("results", () => {
  test("replay measures a trace and checks its contents", () => {
    const [row] = json("replay", trace, "--passes", "3") as Record<string, unknown>[];
    expect(row).toMatchObject({
      workload: "small",
      contender: "tallyheap (checked)",
      unit: "ns/op",
      operations: 3500,
    });
    expect(row!["samples"]).toHaveLength(3);
    expect(row!["peakExtentBytes"]).toBeGreaterThanOrEqual(row!["peakLiveBytes"] as number);
    const { stdout, code } = cli(["replay", trace, "--raw"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ small +│ +3500 │/);
    expect(stdout).not.toContain("\u001b[");
  });

  test("gc collects a graph, alive and dropped", () => {
    const rows = json("gc", graph);
    expect(rows).toMatchObject([
      { workload: "ring", objects: 50, tracked: 50, edges: 98, collected: 50, left: 0 },
    ]);
  });

  test("stats tells what a trace takes at its peak", () => {
    const [row] = json("stats", trace) as {
      classes: { blockBytes: number; live: number }[];
      stats: { heapUsed: number };
    }[];
    expect(row!.classes.reduce((sum, { live }) => sum + live, 0)).toBe(2000);
    expect(cli(["stats", trace]).stdout).toContain("# bytes in allocated blocks");
  });

  test("snapshot writes what DevTools reads, of a graph and of an image", () => {
    const out = join(folder, "ring.heapsnapshot");
    const facts = json("snapshot", graph, "-o", out) as { bytes: number; heapUsed: number };
    const text = readFileSync(out, "utf8");
    expect(facts.bytes).toBe(Buffer.byteLength(text));
    const { nodes, bytes } = readSnapshot(text);
    expect(bytes).toBe(facts.heapUsed);
    expect(nodes.filter(({ name }) => name === "list")).toHaveLength(50);

    const heap = createHeap();
    const Session = heap.defineType({ name: "Session", fields: { user: "ref" }, finalize: () => {} });
    const session = heap.own(heap.alloc(Session));
    const image = file("state.image", gzipSync(heap.snapshot()));
    session.dispose();
    heap.dispose();
    json("snapshot", image, "-o", out);
    expect(
      readSnapshot(readFileSync(out, "utf8")).nodes.filter(({ name }) => name === "Session"),
    ).toHaveLength(1);
  });

  test.skipIf(!hasPython)("snapshot and report run a Python program, whose output is not theirs", () => {
    const program = file(
      "leak.py",
      "class Session:\n    def __init__(self): self.data = [1.5, self]\n" +
        "kept = [Session() for _ in range(7)]\nprint('made', len(kept))\n",
    );
    const out = join(folder, "leak.heapsnapshot");
    const { code, stdout, stderr } = cli(["snapshot", program, "-o", out, "--json"]);
    expect(code).toBe(0);
    expect(stderr).toBe("made 7\n");
    expect(JSON.parse(stdout)).toMatchObject({ file: out });
    expect(
      readSnapshot(readFileSync(out, "utf8")).nodes.filter(({ name }) => name === "Session"),
    ).toHaveLength(7);
    const failing = cli(["snapshot", file("bad.py", "1 / 0\n"), "-o", join(folder, "none")]);
    expect(failing.code).toBe(1);
    expect(failing.stderr).toContain("ZeroDivisionError");
    expect(failing.stderr.trimEnd().split("\n").at(-1)).toContain(
      "bad.py: the program ended with exit code 1",
    );
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  test.skipIf(process.platform !== "linux" || !hasCompiler)(
    "record keeps a program's calls and its exit code",
    () => {
      const out = join(folder, "recorded.atrc.gz");
      const { code, stdout } = cli(["record", "-o", out, "--json", "--", "sh", "-c", "echo hello; exit 7"]);
      expect(code).toBe(7);
      expect(JSON.parse(stdout)).toMatchObject({ file: out, exitCode: 7 });
      expect(gunzipSync(readFileSync(out)).subarray(0, 4).toString()).toBe("ATRC");
      expect(cli(["record", "--", "no-such-program"]).stderr).toBe(
        "tallyheap-cli: no-such-program: cannot be run (ENOENT)\n",
      );
    },
  );

  test("report reads heap snapshots, its own and those that its data is printed from", () => {
    const snapshot = join(folder, "for-report.heapsnapshot");
    json("snapshot", graph, "-o", snapshot);
    const data = json("report", snapshot) as {
      types: { name: string; count: number }[];
      holders: { name: string; path: string; retainedBytes: number }[];
    };
    expect(data.types.find(({ name }) => name === "list")?.count).toBe(50);
    expect(data.holders[0]!.name).toMatch(/^list @\d+$/);
    expect(data.holders[0]!.path).toContain("(Handles)");
  });
});

test("the package has what it needs, and runs where there is no checkout", async () => {
  const packed = await npm(
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    join(root, "cli"),
  );
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ];
  expect(files.map(({ path }) => path).filter((path) => !path.startsWith("dist/"))).toEqual([
    ...["README.md", "bin/tallyheap-cli.mjs", "package.json"],
  ]);
  const home = join(folder, "home/node_modules/tallyheap-cli");
  mkdirSync(home, { recursive: true });
  expect(spawnSync("tar", ["-xzf", join(folder, filename), "--strip-components=1", "-C", home]).status).toBe(
    0,
  );
  const { dependencies } = JSON.parse(read("cli/package.json")) as { dependencies: object };
  for (const name of Object.keys(dependencies))
    symlinkSync(join(root, "node_modules", name), join(home, "..", name));
  const out = join(folder, "packed.html");
  const bin = join(home, "bin/tallyheap-cli.mjs");
  const run = spawnSync(process.execPath, [bin, "report", trace, "-o", out], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  expect(readFileSync(out, "utf8")).toContain("Trace small");
});

describe("help", () => {
  test("names every command, with examples for each", () => {
    const { stdout, code } = cli(["--help"]);
    expect(code).toBe(0);
    for (const command of COMMANDS) {
      expect(stdout).toContain(`\n  ${command} `);
      const help = cli([command, "--help"]);
      expect(help.code).toBe(0);
      expect(help.stdout).toContain("--json");
      expect(help.stdout).toMatch(new RegExp(`Examples:\\n  tallyheap-cli ${command} `));
    }
    expect(cli(["--version"]).stdout).toMatch(/^tallyheap-cli\/\d/);
  });
});

describe("what makes no sense is one line, and exit code 2", () => {
  test.each([
    [["frobnicate"], 'there is no command "frobnicate"; there are replay,'],
    [["--frobnicate"], "name a command first"],
    [["replay"], "missing required args"],
    [["replay", "--frobnicate", trace], "Unknown option `--frobnicate`"],
    [["replay", "--passes", "none", trace], "--passes none: must be a whole number above 0"],
    [["record"], "name the program behind --"],
    [["report", trace, "-o", "a", "-o", "b"], "-o is given twice"],
    [["report", trace, "-o"], "value is missing"],
    [["snapshot", graph, graph], "Unused args"],
  ])("%j", (args, message) => {
    const { code, stdout, stderr } = cli(args);
    expect(stderr).toMatch(/^tallyheap-cli: .*; see tallyheap-cli .*--help\n$/);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("what fails is one line, exit code 1, and no file", () => {
  const truncated = file("truncated.atrc", traceBytes.subarray(0, traceBytes.length - 10));
  const outOfRange = file("outside.graph", graphBytes(50));
  const cut = file("cut.heapsnapshot", '{"snapshot":{"meta":{}},\n"nodes":[1,2');
  const damaged = file("damaged.image", `tallyheap image\n${"x".repeat(100)}`);
  test.each([
    [["replay", "absent.atrc"], "absent.atrc: cannot be read (ENOENT)"],
    [["replay", truncated], "the file ends inside it"],
    [["replay", graph], "this is a graph; the command wants a trace"],
    [["replay", file("text.atrc", "hello")], "neither a trace (ATRC) nor an object graph"],
    [["replay", file("broken.atrc.gz", gzipSync(traceBytes).subarray(0, 50))], "damaged gzip data"],
    [["gc", outOfRange], "edge 97 leads to node 50 of 50"],
    [["snapshot", damaged, "-o", "none"], "damaged.image: "],
    [["report", truncated, "-o", "none"], "the file ends inside it"],
    [["report", cut, "-o", "none"], "cut.heapsnapshot: truncated"],
    [["snapshot", "absent.py", "-o", "none"], "absent.py: no such file or directory"],
    [["snapshot", graph, "-o", "absent/none"], "cannot write absent/none: no such file or directory"],
    [["report", trace, "-o", "/dev/full"], "cannot write /dev/full: no space left"],
  ])("%j", (args, message) => {
    const before = readdirSync(folder);
    const { code, stdout, stderr } = cli(args);
    expect(stderr).toMatch(/^tallyheap-cli: .*\n$/);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("a file that was there stays as it was, until the new one is whole", () => {
    const kept = file("kept.html", "before");
    expect(cli(["report", truncated, "-o", kept]).code).toBe(1);
    expect(readFileSync(kept, "utf8")).toBe("before");
  });

  test("without Python the one line says what to do", () => {
    const program = file("any.py", "x = 1\n");
    const { code, stderr } = cli(["snapshot", program, "-o", "none"], { PYTHON: "no-such-python" });
    expect(stderr).toBe(
      `tallyheap-cli: ${program}: running it needs Python 3, and there is no no-such-python; set PYTHON, or give a .graph.gz\n`,
    );
    expect(code).toBe(1);
  });
});
