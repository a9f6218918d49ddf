/** The modules of bench/assembly that work on objects, compiled by the build. */

import { join } from "node:path";

import { buildDir } from "./paths.js";

/** bench/assembly/objects.ts: with the core from source. */
export const objectsModule = join(buildDir, "contenders/objects.wasm");
/** bench/assembly/managed.ts: with AssemblyScript's own runtime. */
export const managedModule = join(buildDir, "contenders/managed.wasm");
