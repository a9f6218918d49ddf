import { execFileSync } from "node:child_process";
import { describe, expect, test, vi } from "vitest";
import { createHeap, type HeapOptions } from "tallyheap";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { runLines, type Shown } from "../../examples/python-names/names.js";
import { program } from "../../examples/python-names/program.js";

/** The same lines in Python, each compiled alone as at the prompt: what each printed, and the count after it. */
const PYTHON = `
import gc, io, json, sys, weakref
from contextlib import redirect_stdout
class Node: pass
gc.disable()
space = {"getrefcount": sys.getrefcount, "ref": weakref.ref, "collect": gc.collect, "Node": Node}
shown = []
for code, watched in json.load(sys.stdin):
    out = io.StringIO()
    with redirect_stdout(out):
        exec(code, space)
    shown.append({"printed": out.getvalue().split(), "count": eval("getrefcount(%s)" % watched, space)})
print(json.dumps({"version": sys.version_info[:2], "shown": shown}))
`;

function python(number: number): { version: readonly [number, number]; shown: Shown[] } | undefined {
  try {
    const options = { input: JSON.stringify(program(number)), encoding: "utf8", stdio: "pipe" } as const;
    return JSON.parse(execFileSync(process.env["PYTHON"] ?? "python3", ["-c", PYTHON], options));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function heapShown(number: number): Shown[] {
  const heap = createHeap({ autoCollect: false } as HeapOptions);
  const start = checkpoint(heap);
  const shown = runLines(heap, program(number));
  assertNoLeaks(start);
  heap.verify();
  return shown;
}

/** Each line that has something to do with `number`, and the count of the name it watches. */
const EXPECTED: readonly (readonly [code: string, count: number, printed?: string])[] = [
  ["x = 4000", 2],
  ["y = x", 3],
  ["def foo(z): print(getrefcount(z))", 3],
  ["foo(x)", 3, "4"],
  ["a = [1, x, '33']", 4],
  ["del x", 3],
  ["x = 789", 3],
  ["x = y", 4],
  ["mylist = a", 3],
  ["mylist.remove(x)", 3],
  ["del mylist", 2],
  ["a = []", 2],
  ["b = a", 3],
  ["b = None", 2],
  ["def scope(z): w = z; v = [w, w]; print(getrefcount(z))", 3],
  ["scope(y)", 3, "7"],
  ["p = 7; q = 3 + 4; print(p is q)", 2, "True"],
  ["p = 4000", 2],
  ["q = 4000", 2],
  ["print(p is q)", 2, "False"],
  ["p = 'tallyheap'; q = 'tallyheap'; print(p is q)", 2, "True"],
  ["n = Node()", 2],
  ["m = Node()", 2],
  ["n.other = m", 3],
  ["m.other = n", 3],
  ["r = ref(n)", 3],
  ["del n", 3],
  ["del m", 2],
  ["print(r() is None)", 2, "False"],
  ["collect()", 2],
  ["print(r() is None)", 2, "True"],
];

describe("python-names", () => {
  test("with 4000 every count moves as the bindings do", () => {
    const shown = heapShown(4000);
    const found = program(4000).map(([code], i) => [code, shown[i]!.count, shown[i]!.printed.join()]);
    expect(found).toEqual(EXPECTED.map(([code, count, printed = ""]) => [code, count, printed]));
  });

  test("with 4, shared and immortal, its count does not move", () => {
    const shown = heapShown(4);
    const lines = program(4);
    const counts = (from: number, to: number): number[] =>
      shown.slice(from, to).flatMap(({ count }, i) => (/^[xy]$/.test(lines[from + i]![1]) ? [count] : []));
    const [first] = counts(0, 1);
    expect(first).toBeGreaterThanOrEqual(2 ** 30);
    // "x = 789" watches y, so all of them mean 4.
    expect(new Set(counts(0, 20))).toEqual(new Set([first]));
    expect(shown[3]!.printed).toEqual([String(first)]);
    // Everything else is as with 4000.
    const others = EXPECTED.filter(
      (_, i) => !/^[xy]$/.test(lines[i]![1]) && !/print\(getref/.test(lines[i]![0]),
    );
    const found = shown.filter((_, i) => !/^[xy]$/.test(lines[i]![1]) && !/print\(getref/.test(lines[i]![0]));
    expect(found.map(({ count }) => count)).toEqual(others.map(([, count]) => count));
  });

  test("the example prints each line with its count", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await import("../../examples/python-names/main.js");
    const lines = log.mock.calls.map(([line]) => String(line).trim());
    log.mockRestore();
    expect(lines.filter((line) => line.startsWith(">>> ")).length).toBe(2 * EXPECTED.length);
    expect(lines).toContainEqual(
      expect.stringMatching(/^>>> foo\(x\) {2}\(prints 4\) +getrefcount\(x\) = 3$/),
    );
    expect(lines.at(-1)).toBe("heap.verify() passed");
  });

  test("python3 shows the same", ({ skip }) => {
    const theirs = python(4000);
    if (theirs === undefined) return skip("no python3");
    const [major, minor] = theirs.version;
    // Later versions borrow references where these take them.
    if (major !== 3 || minor < 11 || minor > 13) return skip(`Python ${major}.${minor} counts differently`);
    const ours = heapShown(4000);
    expect(ours).toEqual(theirs.shown);
    // 4 itself: Python's count is of all its users up to 3.11, and one that does not move since.
    const four = python(4)!.shown;
    const watched = program(4).map(([, name]) => name);
    const others = (shown: Shown[]): number[] =>
      shown.flatMap(({ count }, i) => (/^[xy]$/.test(watched[i]!) ? [] : [count]));
    expect(others(heapShown(4))).toEqual(others(four));
  });
});
