import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { build, type Rolldown } from "vite";
import { describe, expect, test } from "vitest";
import { read, root } from "./repository.js";

/** The first bytes of every wasm module, as the inlined ones are written. */
const MAGIC = "0061736d01";

/** Every module that an entry of dist/ loads, and the bare names it imports. */
function graph(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, target] of read(file).matchAll(/^(?:import|export)(?:[\w\s{},*$]+from)? *"([^"]+)";$/gm)) {
      if (target!.startsWith(".")) visit(normalize(join(dirname(file), target!)).replaceAll("\\", "/"));
      else packages.add(target!);
    }
  };
  visit(entry);
  return { files, packages };
}

describe("the entries of the package", () => {
  test.each(["index", "debug", "url", "bytes", "hardened"])("%s needs nothing of Node", (entry) => {
    expect([...graph(`dist/${entry}.js`).packages]).toEqual([]);
  });

  test.each(["url", "url-node"])("%s carries no inlined wasm", (entry) => {
    const { files } = graph(`dist/${entry}.js`);
    expect(files).toContain("dist/heap/heap.js");
    expect([...files].filter((file) => file.endsWith("core.js"))).toEqual(["dist/core/core.js"]);
  });

  test("the entry of bytes carries nothing of objects", () => {
    const { files } = graph("dist/bytes.js");
    expect(files).toContain("dist/generated/bytes-core.js");
    expect(files).not.toContain("dist/generated/core.js");
    expect([...files].filter((file) => file.startsWith("dist/objects/"))).toEqual([]);
  });

  test("the default entry carries the release core only", () => {
    const { files } = graph("dist/index.js");
    expect(files).toContain("dist/generated/core.js");
    expect(files).not.toContain("dist/generated/debug-core.js");
  });
});

describe("a bundler for browsers", () => {
  async function bundle(entry: string): Promise<Rolldown.RolldownOutput["output"]> {
    mkdirSync(join(root, "build"), { recursive: true });
    // Inside the repository, so that "tallyheap" is this package.
    const folder = mkdtempSync(join(root, "build/bundle-"));
    try {
      const script = `import { createHeap } from "${entry}";\nglobalThis.heap = createHeap();\n`;
      writeFileSync(join(folder, "main.js"), script);
      writeFileSync(join(folder, "index.html"), '<script type="module" src="main.js"></script>');
      const result = await build({
        root: folder,
        configFile: false,
        logLevel: "error",
        build: { write: false },
      });
      return (result as Rolldown.RolldownOutput).output;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test("takes the inlined wasm as it is", async () => {
    const output = await bundle("tallyheap");
    expect(output.filter(({ fileName }) => fileName.endsWith(".wasm"))).toEqual([]);
    expect(output.some((part) => part.type === "chunk" && part.code.includes(MAGIC))).toBe(true);
  });

  test("emits heap.wasm for tallyheap/url", async () => {
    const output = await bundle("tallyheap/url");
    expect(output.filter(({ fileName }) => fileName.endsWith(".wasm")).length).toBe(1);
    expect(output.some((part) => part.type === "chunk" && part.code.includes(MAGIC))).toBe(false);
  });
});
