/**
 * Every constant, offset and bit of the heap, in one chain: each file counts on from the one before. The build reads
 * the exported constants and writes them to bindings/generated/layout.ts, so both languages share one source.
 */
export * from "./table";
export * from "./arenas";
export * from "./size-classes";
export * from "./page-table";
export * from "./debug";
export * from "./state";
export * from "./objects";
export * from "./object-state";
export * from "./collector";
export * from "./faults";
