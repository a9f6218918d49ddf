/** Object graphs of Python programs: CPython runs them. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readGraph, type Graph } from "../../bench/lib/graph.js";
import { nativeSources, python } from "../../bench/lib/paths.js";

/**
 * Runs a Python program, and gives what its global names lead to when it has ended. What it prints goes to stderr. Throws,
 * in one line, without Python, or if the program fails.
 */
export function graphOfProgram(file: string): Graph {
  if (!existsSync(file)) throw new Error(`${file}: no such file or directory`);
  const folder = mkdtempSync(join(tmpdir(), "python-graph-"));
  try {
    const out = join(folder, "program.graph.gz");
    const script = join(nativeSources, "dump_graph.py");
    const { status, error } = spawnSync(python, [script, file, out], { stdio: ["inherit", 2, 2] });
    if (error !== undefined)
      throw new Error(
        `${file}: running it needs Python 3, and there is no ${python}; set PYTHON, or give a .graph.gz`,
      );
    if (status !== 0) throw new Error(`${file}: the program ended with exit code ${status}`);
    return { ...readGraph(out), name: file.replace(/^.*\//, "").replace(/\.py$/, "") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
