/** Codes: what went wrong, and what verify() can find broken. */

// ---- faults ----

export const FAULT_NONE: u32 = 0;
export const FAULT_MEMORY: u32 = 1;
export const FAULT_ARGUMENT: u32 = 2;
export const FAULT_BAD_POINTER: u32 = 3;
export const FAULT_DOUBLE_FREE: u32 = 4;
export const FAULT_CORRUPT: u32 = 5;
export const FAULT_USE_AFTER_FREE: u32 = 6;
/** The object is of another type than the operation wants. */
export const FAULT_TYPE: u32 = 7;
/** An index is outside of its bounds. */
export const FAULT_RANGE: u32 = 8;

// ---- what verify() can find broken ----

export const BROKEN_POISON: u32 = 1;
export const BROKEN_NULL_PAGE: u32 = 2;
export const BROKEN_FREE_PAGE: u32 = 3;
export const BROKEN_PAGE_TAKEN: u32 = 4;
export const BROKEN_SPAN_LENGTH: u32 = 5;
export const BROKEN_TAIL_ARENA: u32 = 6;
export const BROKEN_SHAPE: u32 = 7;
export const BROKEN_FREE_LIST: u32 = 8;
export const BROKEN_LIVE_COUNT: u32 = 9;
export const BROKEN_POOL_STATE: u32 = 10;
export const BROKEN_AVAILABLE_LIST: u32 = 11;
export const BROKEN_SLAB_BUSY: u32 = 12;
export const BROKEN_ARENA_BIN: u32 = 13;
export const BROKEN_ARENA_RUN: u32 = 14;
export const BROKEN_ARENA_COUNT: u32 = 15;
export const BROKEN_STATISTICS: u32 = 16;
export const BROKEN_GUARD: u32 = 17;
export const BROKEN_QUARANTINE: u32 = 18;
export const BROKEN_TABLE: u32 = 19;
export const BROKEN_CRITICAL: u32 = 20;
export const BROKEN_TYPE: u32 = 21;
export const BROKEN_COUNT: u32 = 22;
export const BROKEN_REFERENCE: u32 = 23;
export const BROKEN_WEAK_LIST: u32 = 24;
export const BROKEN_CONTAINER: u32 = 25;
export const BROKEN_PRIVATE_LIST: u32 = 26;
export const BROKEN_INTERN: u32 = 27;
export const BROKEN_COLLECTION: u32 = 28;
export const BROKEN_REFERENCE_COUNT: u32 = 29;
export const BROKEN_OWNED_BLOCK: u32 = 30;
export const BROKEN_RECENT: u32 = 31;
