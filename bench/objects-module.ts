/** The module of bench/assembly/objects.ts, compiled by the build. */

import { join } from "node:path";

import { buildDir } from "./paths.js";

export const objectsModule = join(buildDir, "contenders/objects.wasm");
