/**
 * Every constant, offset and bit of the heap, in one chain: each file counts on from the one before. The build reads
 * the exported constants and writes them to bindings/generated/layout.ts, so both languages share one source.
 */
export * from "./layout/arenas";
export * from "./layout/state";
export * from "./layout/objects";
export * from "./layout/object-state";
export * from "./layout/collector";
export * from "./layout/faults";
