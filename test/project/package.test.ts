import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesEndingWith, npm, quotedFrom, read, root, run, snippets } from "./repository.js";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** What a user does: an empty TypeScript project that installs the tarball and copies the examples of README and docs. */
describe("the packed package", () => {
  let folder = "";
  let packed: Packed;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tallyheap-package-"));
    const { code, stdout, stderr } = await npm(["pack", "--json", "--pack-destination", folder]);
    expect(code, stderr).toBe(0);
    packed = (JSON.parse(stdout) as Packed[])[0]!;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("holds dist, header files, the sources of the runtime for AssemblyScript and documents, nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    const documents = [
      ...["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "NOTICE", "README.md", "SECURITY.md"],
      ...filesEndingWith(".md", "docs"),
      ...["include/sjlj/setjmp.h", "include/sjlj/sjlj.c", "include/tallyheap.h"],
      "package.json",
    ];
    expect(paths.filter((path) => !/^(dist|assembly)\//.test(path)).sort()).toEqual(documents.sort());
    expect(paths).toContain("assembly/rt.ts");
    expect(paths.filter((path) => /^assembly\/(abi|debug|gc|object)\//.test(path))).toEqual([]);
    expect(paths).toContain("dist/heap.wasm");
    expect(paths).toContain("dist/index.js");
    expect(paths.filter((path) => /\.atrc|\.graph|bench|\btests?\b/.test(path))).toEqual([]);
  });

  test("type-checks and runs the examples of README and docs in an empty project", async () => {
    const project = join(folder, "project");
    mkdirSync(join(project, "src"), { recursive: true });
    const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module" };
    writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
    const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    const install = await npm(["install", ...flags, join(folder, packed.filename)], project);
    expect(install.code, install.stderr).toBe(0);

    const examples = ["README.md", ...filesEndingWith(".md", "docs")]
      .flatMap((file) => snippets(read(file)))
      .filter((snippet) => snippet.language === "ts" && quotedFrom(snippet) === undefined);
    examples.forEach(({ code }, index) => writeFileSync(join(project, `src/example${index}.ts`), code));
    // Every entry's types, also without skipLibCheck: a consumer may not have our settings.
    const entries = ["tallyheap", "tallyheap/debug", "tallyheap/url"];
    const imports = entries.map((entry, index) => `export * as entry${index} from "${entry}";\n`);
    writeFileSync(join(project, "src/entries.ts"), imports.join(""));
    const compilerOptions = {
      ...{
        strict: true,
        skipLibCheck: false,
        target: "ES2022",
        lib: ["ES2022", "DOM"],
        types: [] as string[],
      },
      ...{ module: "NodeNext", rootDir: "src", outDir: "out" },
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
    const compiled = await run(process.execPath, [tsc, "-p", "."], project);
    expect(compiled.stdout).toBe("");
    expect(compiled.code).toBe(0);

    for (const index of examples.keys()) {
      const ran = await run(process.execPath, [`out/example${index}.js`], project);
      expect(ran.stderr).toBe("");
      expect(ran.code).toBe(0);
    }
    // And without the library DOM, as in projects for Node that leave it out.
    const every = ["", "/url", "/bytes", "/debug", "/hardened", "/testing", "/c"];
    const bare = every.map((entry, index) => `export * as entry${index} from "tallyheap${entry}";\n`);
    writeFileSync(join(project, "src/bare.ts"), bare.join(""));
    const options = { ...compilerOptions, lib: ["ES2022"], noEmit: true };
    writeFileSync(
      join(project, "tsconfig.bare.json"),
      JSON.stringify({ compilerOptions: options, files: ["src/bare.ts"] }),
    );
    const compiledBare = await run(process.execPath, [tsc, "-p", "tsconfig.bare.json"], project);
    expect(compiledBare.stdout).toBe("");

    const loaded = await run(process.execPath, ["out/entries.js"], project);
    expect(loaded.stderr).toBe("");

    const required = 'const { createHeap } = require("tallyheap"); console.log(typeof createHeap);';
    const { stdout } = await run(process.execPath, ["--no-warnings", "-e", required], project);
    expect(stdout.trim()).toBe("function");
  });

  test("compiles AssemblyScript programs onto the heap, by path and by name", async () => {
    const project = join(folder, "program");
    const modules = join(project, "node_modules");
    mkdirSync(modules, { recursive: true });
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true }));
    const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
    const install = await npm(["install", ...flags, join(folder, packed.filename)], project);
    expect(install.code, install.stderr).toBe(0);
    // The compiler, as if it were installed there.
    const compiler = join(root, "node_modules/assemblyscript");
    symlinkSync(compiler, join(modules, "assemblyscript"));
    const source =
      "export function count(n: i32): i32 { return new Array<i32>(n).map<string>((i) => i.toString()).length; }\n";
    writeFileSync(join(project, "main.ts"), source);
    const ways = [
      ["--runtime", "./node_modules/tallyheap/assembly/rt"],
      ["--runtime", "tallyheap", "--transform", "tallyheap/transform", "--noUnsafe"],
    ];
    const programs = [];
    for (const [way, args] of ways.entries()) {
      const out = `main${way}.wasm`;
      const compiled = await run(
        process.execPath,
        [join(compiler, "bin/asc.js"), "main.ts", ...args, "-O", "--outFile", out],
        project,
      );
      expect(compiled.stderr).toBe("");
      const module = new WebAssembly.Module(readFileSync(join(project, out)));
      const { exports } = new WebAssembly.Instance(module, { env: { abort: () => {} } });
      expect((exports["count"] as (n: number) => number)(1000)).toBe(1000);
      programs.push(WebAssembly.Module.exports(module));
    }
    expect(programs[0]).toEqual(programs[1]);
  });

  test("offers every entry that its exports map names", () => {
    const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, unknown> };
    const targets = JSON.stringify(exports).match(/(?<="\.\/)[^"]+\.\w+(?=")/g) ?? [];
    const paths = new Set(packed.files.map(({ path }) => path));
    expect(targets.filter((target) => !paths.has(target) && target.startsWith("dist/"))).toEqual([]);
    expect(readFileSync(join(folder, packed.filename)).length).toBeLessThan(750_000);
  });
});
