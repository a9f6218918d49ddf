import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { root } from "../project/repository.js";
import { CLIENT, wat } from "./modules.js";

const folder = mkdtempSync(join(tmpdir(), "tallyheap-bad-input-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tallyheap(...args: string[]) {
  return spawnSync(process.execPath, [join(root, "dist/cli.js"), ...args], { encoding: "utf8", cwd: folder });
}

/** Runs the command on these bytes, expects it to fail with one line, and gives that back. */
function refused(bytes: Uint8Array | string, output = "out.wasm"): string {
  writeFileSync(join(folder, "in.wasm"), bytes);
  const { status, stdout, stderr } = tallyheap("link", "in.wasm", "-o", output);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(/^tallyheap link: /);
  expect(readdirSync(folder).filter((file) => file.endsWith(".tmp"))).toEqual([]);
  return stderr.trim();
}

const memory = '(memory (export "memory") 2)';
const malloc = '(import "env" "malloc" (func (param i32) (result i32)))';
const withMemory = (text: string) => `(module ${malloc} ${text} (func (export "f")))`;

describe("what cannot be linked is refused in one line", () => {
  test.each<[string, () => Uint8Array | string, RegExp]>([
    ["text", () => "not wasm at all", /in\.wasm is not a wasm file$/],
    ["nothing", () => "", /in\.wasm is not a wasm file$/],
    ["a component", () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /is a wasm component/],
    ["a part of a module", () => wat(CLIENT).subarray(0, 300), /is a damaged wasm file$/],
    ["no malloc", () => wat(`(module ${memory} (func (export "f")))`), /neither imports malloc from "env"/],
    [
      "another malloc",
      () => wat(withMemory(memory).replace("(param i32)", "(param i64)")),
      /malloc of another type/,
    ],
    ["no memory", () => wat(withMemory("")), /has no memory$/],
    ["two memories", () => wat(withMemory('(memory 1) (memory (export "m") 1)')), /more than one memory$/],
    ["threads", () => wat(withMemory('(memory (export "memory") 2 9 shared)')), /shared memory \(threads\)/],
    ["memory64", () => wat(withMemory('(memory (export "memory") i64 2)')), /memory64/],
    [
      "a memory with no room",
      () => wat(withMemory('(memory (export "memory") 2 6)')),
      /limits its memory to 393216/,
    ],
    [
      "a stack that leaves no room",
      () =>
        wat(
          `(module ${malloc} (memory (export "memory") 100 104) (global (export "__heap_base") i32 (i32.const 6500000)))`,
        ),
      /needs \d+ bytes for its data, its stack and a heap, but limits its memory/,
    ],
    [
      "data above the heap base",
      () => wat(CLIENT.replace("i32.const 100000", "i32.const 99992")),
      /has data up to 99994, above its __heap_base of 99992$/,
    ],
    [
      "a heap base outside of the memory",
      () => wat(CLIENT.replace("i32.const 100000", "i32.const 200000")),
      /__heap_base of 200000 outside of its memory of 131072 bytes$/,
    ],
    ["nothing exported", () => wat(`(module ${malloc} (memory 2))`), /exports nothing$/],
  ])("%s", (_, bytes, message) => {
    expect(refused(bytes())).toMatch(message);
    expect(existsSync(join(folder, "out.wasm"))).toBe(false);
  });

  test("an input that is not there", () => {
    const { status, stderr } = tallyheap("link", "nowhere.wasm", "-o", "out.wasm");
    expect([status, stderr]).toEqual([
      1,
      "tallyheap link: cannot read nowhere.wasm: no such file or directory\n",
    ]);
  });

  test("an output that cannot be written", () => {
    expect(refused(wat(CLIENT), "no/such/folder/out.wasm")).toMatch(
      /cannot write no\/such\/folder\/out\.wasm: no such file/,
    );
    mkdirSync(join(folder, "folder"));
    expect(refused(wat(CLIENT), "folder")).toMatch(/cannot write folder: it is a directory$/);
  });

  test("a failure leaves an output of before as it was", () => {
    writeFileSync(join(folder, "old.wasm"), "old");
    refused("not wasm at all", "old.wasm");
    expect(readFileSync(join(folder, "old.wasm"), "utf8")).toBe("old");
    rmSync(join(folder, "old.wasm"));
  });
});

describe("the command line", () => {
  test.each([
    [["frob"], 'there is no command "frob"; see --help'],
    [["link"], "wants one module; see --help"],
    [["link", "a", "b", "-o", "c"], "wants one module; see --help"],
    [["link", "in.wasm"], "wants an output file: -o OUT.wasm"],
    [["link", "in.wasm", "-o", "c", "-O", "9"], '--optimize is "9", not a level from 0 to 4'],
    [
      ["link", "in.wasm", "-o", "c", "--growth-factor", "x"],
      "option growth.factor must be a number from 1 to 4, not NaN",
    ],
  ])("%j", (args, message) => {
    const { status, stderr } = tallyheap(...args);
    expect([status, stderr]).toEqual([2, `tallyheap link: ${message}\n`]);
  });

  test("says how it is used", () => {
    const { status, stdout } = tallyheap("--help");
    expect([status, stdout.split("\n")[0]]).toEqual([
      0,
      "usage: tallyheap link IN.wasm -o OUT.wasm [options]",
    ]);
  });

  test("links", () => {
    writeFileSync(join(folder, "in.wasm"), wat(CLIENT));
    const { status, stderr } = tallyheap("link", "in.wasm", "-o", "good.wasm");
    expect([status, stderr]).toEqual([0, ""]);
    expect(WebAssembly.validate(readFileSync(join(folder, "good.wasm")))).toBe(true);
    chmodSync(join(folder, "good.wasm"), 0o644);
  });
});
