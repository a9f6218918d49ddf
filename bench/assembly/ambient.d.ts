// For tsc only: constants that asc gets by `--use NAME=n`.

/** Which heap the loops run on; see contender.ts. */
declare const CONTENDER: i32;
/** Operations handed over at a time. */
declare const CHUNK: i32;
/** Pointers in the slot table. */
declare const SLOTS: i32;
