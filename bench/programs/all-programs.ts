import { cacheProgram } from "./cache.js";
import { documentPrograms } from "./documents.js";
import { expressionsProgram } from "./expressions.js";
import { graphPrograms } from "./graphs.js";
import { outlineProgram } from "./outline.js";
import type { Program } from "./program.js";
import { schemePrograms } from "./scheme.js";

/** All programs that bench:programs knows. */
export const programs: readonly Program[] = [
  ...schemePrograms,
  outlineProgram,
  expressionsProgram,
  ...documentPrograms,
  cacheProgram,
  ...graphPrograms,
];
