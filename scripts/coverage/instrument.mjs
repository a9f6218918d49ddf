// A core that reports which of its functions run and which ways its branches go: the compiled module with a call at the start
// of each function, and one around each condition of an `if`, a `br_if` and a `select`.

import binaryen from "binaryen";

/** What binaryen's declarations leave out: setters by kind of expression. */
const { If, Break, Select, Function: Functions } =
  /** @type {Record<string, Record<string, (expression: number, child: number) => void>>} */ (
    /** @type {unknown} */ (binaryen)
  );
const SETTERS = new Map([
  [binaryen.IfId, If],
  [binaryen.BreakId, Break],
  [binaryen.SelectId, Select],
]);

/** Fields of binaryen's expressions that are expressions, or arrays of them. */
const CHILDREN = /** @type {const} */ ([
  ...["children", "operands", "condition", "ifTrue", "ifFalse", "body", "value", "ptr", "left", "right"],
  ...["delta", "size", "dest", "source"],
]);

/** Expressions without others in them; of some binaryen has nothing to say. */
const LEAVES = new Set([binaryen.ConstId, binaryen.NopId, binaryen.UnreachableId, binaryen.MemorySizeId]);

/** A function, or a condition in one. @typedef {{ func: string, condition?: string }} Place */

/**
 * The module of a text with its reports, and what they stand for by number, from `first` on: `coverage.entered(place)`,
 * `coverage.decided(place, condition)`.
 * @param {string} wat @param {number} first
 */
export function instrument(wat, first) {
  const module = binaryen.parseText(wat);
  module.setFeatures(binaryen.Features.All);
  const { i32, none } = binaryen;
  module.addFunctionImport("coverage.entered", "coverage", "entered", i32, none);
  module.addFunctionImport("coverage.decided", "coverage", "decided", binaryen.createType([i32, i32]), i32);
  /** @type {Place[]} */
  const places = [];
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const func = module.getFunctionByIndex(index);
    const { name, body } = binaryen.getFunctionInfo(func);
    if (!body) continue;
    const own = places.push({ func: name }) - 1;
    visit(body, (expression, condition, set) => {
      const text = binaryen.emitText(condition).replace(/\s+/g, " ").trim();
      const place = places.push({ func: name, condition: text }) - 1;
      set(expression, module.call("coverage.decided", [module.i32.const(first + place), condition], i32));
    });
    const type = binaryen.getExpressionType(body);
    const entered = module.call("coverage.entered", [module.i32.const(first + own)], none);
    Functions?.["setBody"]?.(func, module.block(null, [entered, body], type));
  }
  if (!module.validate()) throw new Error("the instrumented module is not valid");
  const wasm = module.emitBinary();
  module.dispose();
  return { wasm, places };
}

/**
 * Calls back for every condition below an expression, innermost first.
 * @param {number} expression
 * @param {(expression: number, condition: number, set: (expression: number, condition: number) => void) => void} found
 */
function visit(expression, found) {
  const id = binaryen.getExpressionId(expression);
  if (LEAVES.has(id)) return;
  const info = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (binaryen.getExpressionInfo(expression)));
  for (const name of CHILDREN) {
    for (const child of [info[name]].flat()) if (typeof child === "number" && child !== 0) visit(child, found);
  }
  const condition = Number(info["condition"] ?? 0);
  if (condition === 0) return;
  const set = SETTERS.get(id)?.["setCondition"];
  if (set) found(expression, condition, set);
}
