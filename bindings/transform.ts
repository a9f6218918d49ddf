/**
 * `asc program.ts --transform tallyheap/transform --runtime tallyheap`: the name of a runtime that is this heap. A path
 * does without the transform: `--runtime ./node_modules/tallyheap/assembly/rt`.
 */

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { libraryFiles } from "assemblyscript/asc";

const sources = fileURLToPath(new URL("../assembly/", import.meta.url));

/** Parts of the library are named by their paths without ending; ours begin with this. */
const OWN = "tallyheap/";

function read(name: string): string {
  return readFileSync(`${sources}${name}.ts`, "utf8");
}

// The compiler looks a runtime up among its library's files once its transforms are loaded, and parses what that imports.
const folders = ["rt", "alloc", "layout"].flatMap((folder) =>
  readdirSync(sources + folder)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .map((file) => `${folder}/${file.slice(0, -".ts".length)}`),
);
for (const name of ["state", ...folders]) libraryFiles[OWN + name] = read(name);
libraryFiles["rt/index-tallyheap"] = read("rt").replaceAll('"./', `"${OWN}`);

/** A transform that does nothing more: the work is done when this module is loaded. */
export default {};
