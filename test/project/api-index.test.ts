import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { read, root } from "./repository.js";

/** Classes that the index describes under their own names; the heap's parts are properties of `Heap`. */
const CLASSES = ["Heap", "Handle", "Scope", "WeakValueMap", "WeakKeyMap", "WeakObjectSet", "Finalizer"];
const PARTS = ["lists", "dicts", "tuples", "strs", "collector", "raw", "profile"];

/** Public names of every class and part, as the declarations of the package have them. */
function declared(): Map<string, string[]> {
  const file = join(root, "dist/index.d.ts");
  const program = ts.createProgram([file], { lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [] });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  const exported = new Map(
    checker
      .getExportsOfModule(module)
      .map((symbol) => [
        symbol.name,
        symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
      ]),
  );
  const isPublic = (symbol: ts.Symbol): boolean =>
    /^\w+$/.test(symbol.name) &&
    !symbol.name.startsWith("__") &&
    !symbol.getJsDocTags().some(({ name }) => name === "internal") &&
    !(
      ts.getCombinedModifierFlags(symbol.declarations![0]!) & ts.ModifierFlags.NonPublicAccessibilityModifier
    );
  const namesOf = (type: ts.Type): string[] =>
    type
      .getProperties()
      .filter(isPublic)
      .map(({ name }) => name);
  const heap = checker.getDeclaredTypeOfSymbol(exported.get("Heap")!);
  return new Map([
    ...CLASSES.map((name) => [name, namesOf(checker.getDeclaredTypeOfSymbol(exported.get(name)!))] as const),
    ...PARTS.map((name) => [name, namesOf(checker.getTypeOfSymbol(heap.getProperty(name)!))] as const),
  ]);
}

/** Names in the index, the setters that it sums up written out. */
function listed(): Map<string, string[]> {
  const [, heap = "", parts = ""] = read("docs/api.md").split(/^## .*$/m);
  const names = (cell: string): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  const rows = (table: string): string[][] =>
    [...table.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, subject, cell]) => [subject!, cell!]);
  const functions = ["createHeap", "heapModule"];
  const own = rows(heap).flatMap(([, cell]) => names(cell!).filter((name) => !functions.includes(name)));
  const setters = own.filter((name) => /^get[IUF]\d/.test(name)).map((name) => name.replace("get", "set"));
  const found = new Map([["Heap", [...own, ...setters]]]);
  for (const [subject, cell] of rows(parts)) {
    const name = /^`(\w+)`$/.exec(subject!)?.[1];
    if (name !== undefined) found.set(name, names(cell!));
  }
  return found;
}

test("docs/api.md lists what is public, and nothing else", () => {
  const sorted = (map: Map<string, string[]>): object =>
    Object.fromEntries([...map].map(([name, names]) => [name, [...names].sort()]));
  expect(sorted(listed())).toEqual(sorted(declared()));
});
