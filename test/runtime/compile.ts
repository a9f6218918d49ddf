import { join } from "node:path";
import asc from "assemblyscript/asc";
import { root } from "../project/repository.js";

/** `npm run test:assemblyscript` tries more ways to compile, and longer. */
export const LONG = process.env["MODE"] === "long";

/** Where the programs are; not the repository's top, whose asconfig.json is the core's. */
const folder = join(root, "test/runtime/assembly");

export const RUNTIME = ["--runtime", "../../../assembly/rt"];

/** The files that asc writes for a program of test/runtime/assembly, by their endings: wasm, js, d.ts. */
export async function compile(
  program: string,
  ...flags: string[]
): Promise<Map<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>();
  const args = [`${program}.ts`, "--baseDir", folder, "--outFile", `${program}.wasm`];
  const { error, stderr } = await asc.main([...args, ...flags], {
    writeFile: (name, contents) => void files.set(name.slice(name.indexOf(".") + 1), contents),
  });
  if (error) throw new Error(`asc ${program} ${flags.join(" ")}: ${error.message}\n${stderr.toString()}`);
  return files;
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** The program as a module, with the functions that the loader and the host want. */
export function compileModule(program: string, ...flags: string[]): Promise<WebAssembly.Module> {
  const key = [program, ...flags].join(" ");
  let module = modules.get(key);
  if (!module) {
    module = compile(program, ...RUNTIME, "--exportRuntime", ...flags).then(
      (files) => new WebAssembly.Module(files.get("wasm") as Uint8Array<ArrayBuffer>),
    );
    modules.set(key, module);
  }
  return module;
}
