// Writes the types of the core's functions for the bindings: what the modules export, with the names and comments of
// assembly/abi.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";
import { summarize } from "./wasm.mjs";

const DECLARATION = /(\/\*\*(?:(?!\*\/)[^])*\*\/\n)?export function (\w+)\(([^)]*)\)/g;
const SIGNATURE = /^(\w+): func \((.*)\) -> \((.*)\)$/;
/** @type {Record<string, string>} */
const TYPES = { i32: "number", f64: "number", i64: "bigint", "": "undefined" };

/** The text of bindings/generated/exports.ts: the functions for bytes (bytes.ts and c.ts), and those that only the whole core has. */
export function formatExports() {
  const bytes = functions("bytes");
  const objects = new Map([...functions("release")].filter(([name]) => !bytes.has(name)));
  return [
    "// Generated from build/release.wasm, build/bytes.wasm and assembly/abi by scripts/exports.mjs. Do not edit.",
    formatLayer("ByteExports", "BYTE_FUNCTIONS", bytes),
    formatLayer("ObjectExports", "OBJECT_FUNCTIONS", objects),
  ].join("\n\n");
}

/**
 * The function exports of a module by name, as TypeScript declares them.
 * @param {string} core
 * @returns {Map<string, string>}
 */
function functions(core) {
  const sources = sourceDeclarations();
  const { exports } = summarize(readFileSync(join(root, `build/${core}.wasm`)));
  const lines = exports.map((line) => SIGNATURE.exec(line)).filter((match) => match !== null);
  return new Map(
    lines.map(([, name = "", parameters = "", result = ""]) => {
      const source = sources.get(name);
      const list = parameters
        .split(", ")
        .filter((type) => type !== "")
        .map((type, i) => `${source?.names[i] ?? "abcde"[i]}: ${TYPES[type]}`);
      return [name, `${source?.comment ?? ""}  ${name}(${list.join(", ")}): ${TYPES[result]};`];
    }),
  );
}

/** Comments and names of parameters, by function, of what assembly/abi declares itself. */
function sourceDeclarations() {
  const text = ["bytes", "c", "core"].map(source);
  return new Map(
    [...text.join("\n").matchAll(DECLARATION)].map(([, comment = "", name = "", parameters = ""]) => [
      name,
      {
        comment: comment.replace(/^(?=.)/gm, "  "),
        names: parameters.split(",").map((parameter) => parameter.split(":")[0]?.trim()),
      },
    ]),
  );
}

/** @param {string} file */
function source(file) {
  return readFileSync(join(root, `assembly/abi/${file}.ts`), "utf8");
}

/** @param {string} type @param {string} list @param {Map<string, string>} layer */
function formatLayer(type, list, layer) {
  const names = JSON.stringify([...layer.keys()], null, 2);
  return `export interface ${type} {\n${[...layer.values()].join("\n")}\n}\n\nexport const ${list} = ${names} as const;\n`;
}
