/**
 * Every class, constant, offset and bit of the heap: the state block in one chain of files, of which each counts on from
 * the one before, and one file for each kind of object. The build reads the exported constants and writes them to
 * bindings/generated/layout.ts, so both languages share one source.
 */
export * from "./table";
export * from "./arenas";
export * from "./size-classes";
export * from "./recent";
export * from "./run-tree";
export * from "./page-table";
export * from "./debug";
export * from "./state";
export * from "./object-header";
export * from "./free-list";
export * from "./type-descriptor";
export * from "./number";
export * from "./str";
export * from "./bytes";
export * from "./tuple";
export * from "./list";
export * from "./dict";
export * from "./weakref";
export * from "./object-state";
export * from "./zero-counts";
export * from "./collector-state";
export * from "./faults";
export * from "./malloc-info";
