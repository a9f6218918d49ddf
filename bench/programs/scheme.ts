/** Programs in the Scheme of examples/mini-interpreter: values and variables live in the heap. */

import { loadScheme, schemePrograms as all } from "../lib/scheme.js";
import type { Program } from "./program.js";

export const schemePrograms: readonly Program[] = all.map(({ name, definitions, expression }) => ({
  name,
  prepare: async (heap) => {
    const { Interpreter } = await loadScheme();
    const interpreter = new Interpreter({}, heap);
    interpreter.run(definitions);
    return () => Number(interpreter.run(expression));
  },
}));
