import { COMPARISON } from "./comparison.js";
import { CONTROL } from "./control.js";
import { LISTS } from "./lists.js";
import { NUMBERS } from "./numbers.js";
import type { Primitive } from "./primitive.js";
import { STRINGS } from "./strings.js";
import { TABLES } from "./tables.js";
import { VECTORS } from "./vectors.js";

/** All primitives; a value of the language has an index into this. */
export const PRIMITIVES: readonly Primitive[] = [
  ...NUMBERS,
  ...COMPARISON,
  ...LISTS,
  ...VECTORS,
  ...TABLES,
  ...STRINGS,
  ...CONTROL,
];
