/**
 * The debug layer: its words in the state block, and its blocks.
 *
 *   base                p−32     p−28   p−24       p−8          p−4              p        p+n     p+n+4
 *   ├ alignment padding ┤ prefix │ next │ previous │ 12 unused │ size (BE) ┤ 'r' FD FD FD ┤ data … ┤ FD×4 ┤ serial (BE) ┤
 *
 *   prefix = p − base;   data is CD when fresh, DD when freed, 0 from calloc
 */

@unmanaged
@final
export class DebugState {
  /** Serial number of the newest block. */
  serial: u32;
  /** Newest live block; live blocks are doubly linked. */
  live: u32;
  /** Quarantine of freed blocks, oldest first: ends of the list, bytes held. */
  oldest: u32;
  newest: u32;
  quarantined: u32;
  /** What the last fault was about: block, requested size, serial, and a DAMAGE_ code. */
  block: u32;
  size: u32;
  blockSerial: u32;
  damage: u32;
  /** Live blocks and blocks in quarantine, as many as their lists must have. */
  liveCount: u32;
  deadCount: u32;
  /** Overwritten blocks at the front of the quarantine that were not reported yet. */
  unreported: u32;
}

/** What stands before a block's data. Links and words of the state block are addresses of data. */
@unmanaged
@final
export class DebugHeader {
  prefix: u32;
  next: u32;
  previous: u32;
  unused0: u32;
  unused1: u64;
  /** Requested bytes, big-endian, as CPython's. */
  sizeBE: u32;
  /** The domain's letter and three guard bytes. */
  letter: u32;
}

/** What stands behind it. */
@unmanaged
@final
export class DebugTrailer {
  guard: u32;
  serialBE: u32;
}

export const DAMAGE_NONE: u32 = 0;
/** A byte before the block was overwritten. */
export const DAMAGE_LEADING: u32 = 1;
/** A byte behind the block was overwritten. */
export const DAMAGE_TRAILING: u32 = 2;
/** A byte of a freed block was overwritten. */
export const DAMAGE_FREED: u32 = 3;
/** The word before the block names no domain. */
export const DAMAGE_LETTER: u32 = 4;

export const DEBUG_GUARD_BYTE: u32 = 0xfd;
export const DEBUG_FRESH_BYTE: u32 = 0xcd;
export const DEBUG_DEAD_BYTE: u32 = 0xdd;
export const DEBUG_RAW_LETTER: u32 = 0x72;
/** Freed bytes held back before they are used again: enough for some thousand small blocks. */
export const QUARANTINE_BYTES: u32 = 1 << 20;

// What the bindings read of these.

export const DEBUG_SERIAL: u32 = offsetof<DebugState>("serial");
export const DEBUG_LIVE: u32 = offsetof<DebugState>("live");
export const DEBUG_QUARANTINED: u32 = offsetof<DebugState>("quarantined");
export const DEBUG_BLOCK: u32 = offsetof<DebugState>("block");
export const DEBUG_SIZE: u32 = offsetof<DebugState>("size");
export const DEBUG_BLOCK_SERIAL: u32 = offsetof<DebugState>("blockSerial");
export const DEBUG_DAMAGE: u32 = offsetof<DebugState>("damage");
/** Distances before a block's data. */
export const DEBUG_PREFIX: u32 = offsetof<DebugHeader>();
export const DEBUG_NEXT_BEFORE: u32 = DEBUG_PREFIX - offsetof<DebugHeader>("next");
export const DEBUG_SIZE_BEFORE: u32 = DEBUG_PREFIX - offsetof<DebugHeader>("sizeBE");
