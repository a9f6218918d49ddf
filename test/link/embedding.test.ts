import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { read, root, run, snippets } from "../project/repository.js";

const TOOLS = ["clang", "wasm-ld", "llvm-ar"];
const WASI = ["--target=wasm32-wasi", "-xc", "-", "-o", "/dev/null"];
const PROGRAM = "#include <stdlib.h>\nint main(void) { return malloc(1) == 0; }\n";

/** What the page's commands need and this machine does not have. */
const missing =
  TOOLS.find((tool) => spawnSync(tool, ["--version"]).status !== 0) ??
  (spawnSync("clang", WASI, { input: PROGRAM }).status === 0 ? undefined : "wasi-libc");
if (missing !== undefined) console.log(`left out: the commands of docs/embedding-c.md (no ${missing})`);

/** The name that a program says in its first line. */
const nameOf = (code: string): string | undefined => /^(?:\/\/|\/\*) ([\w.-]+)/.exec(code)?.[1];

test.skipIf(missing !== undefined)(
  "the commands and programs of docs/embedding-c.md work",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tallyheap-embedding-"));
    try {
      mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
      symlinkSync(root, join(folder, "node_modules/tallyheap"));
      symlinkSync(join(root, "node_modules/binaryen"), join(folder, "node_modules/binaryen"));
      writeFileSync(
        join(folder, "node_modules/.bin/tallyheap"),
        '#!/bin/sh\nexec node node_modules/tallyheap/dist/cli.js "$@"\n',
        { mode: 0o755 },
      );
      const commands: string[] = [];
      for (const { language, code } of snippets(read("docs/embedding-c.md"))) {
        const name = nameOf(code);
        if (language === "sh") commands.push(code);
        else if (name !== undefined) writeFileSync(join(folder, name), code);
      }
      const { code, stdout, stderr } = await run("sh", ["-euc", commands.join("\n")], folder);
      expect([code, stderr]).toEqual([0, ""]);
      const outputs = stdout.split("\n").filter((line) => /^(\d+ letters|code \d+|\d+)$/.test(line));
      expect(outputs).toEqual(["7890 letters", "7890 letters", "7890 letters", "2", "code 42", "12"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  600_000,
);
