/**
 * Allocation traces (../data/traces/FORMAT.md) as flat arrays.
 *
 * Every contender replays the same two u32 words an operation:
 *
 *     ops[i]    slot << 3 | op
 *     sizes[i]  bytes asked for; free: 0; memalign: log2(alignment) << 27 | bytes
 *
 * A third array, `previous`, holds the size of the block that a realloc or free meets. Only the pass that
 * verifies contents reads it. After the trace's own operations the arrays hold the *drain*: one free for each
 * block that the program still held when it ended, so that the next pass starts from an empty heap. The drain is
 * never timed.
 */

import { basename } from "node:path";

import { readUnpacked } from "./files.js";

export const OP_MALLOC = 0;
export const OP_CALLOC = 1;
export const OP_REALLOC = 2;
export const OP_FREE = 3;
export const OP_MEMALIGN = 4;

/** Bits of the size word of a memalign that hold its size; the five above hold log2 of the alignment. */
export const MEMALIGN_SIZE_BITS = 27;

const HEADER_BYTES = 16;
const MAGIC = 0x43525441; // "ATRC"
const VERSION = 1;
const MAX_SLOTS = 2 ** 29; // 32 bits less the three of the operation
/** The widest alignment that the heaps under test promise; what a trace asks beyond it is replayed with this. */
const MAX_ALIGNMENT_LOG2 = 16;
const MAX_LIVE_BYTES = 2 ** 32;

export interface Trace {
  /** Base name of the file without its extension. */
  readonly name: string;
  /** Operations of the trace itself; the arrays are longer by `drainCount`. */
  readonly opCount: number;
  /** Frees of the blocks still live at the end. */
  readonly drainCount: number;
  /** Slot numbers are below this. */
  readonly slotCount: number;
  readonly ops: Uint32Array;
  readonly sizes: Uint32Array;
  readonly previous: Uint32Array;
  /** Largest sum, in bytes, of the sizes of all blocks live at one time. */
  readonly peakLiveBytes: number;
  readonly peakLiveBlocks: number;
  readonly largestBytes: number;
}

/** The file is not a trace that can be replayed; the message names the file, the operation and the byte. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

export function traceName(file: string): string {
  return basename(file)
    .replace(/\.gz$/, "")
    .replace(/\.atrc$/, "");
}

/** Reads a trace file, gzipped or plain. Throws `TraceError`. */
export function readTrace(file: string): Trace {
  const bytes = readUnpacked(file, (reason) => new TraceError(`${file}: ${reason}`));
  return decodeTrace(bytes, traceName(file), file);
}

/** Length of the trace at the start of `bytes`; what a recorder left after it when its program was killed is not its. */
export function usedBytes(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) return bytes.length;
  const opCount = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES).getUint32(8, true);
  let at = HEADER_BYTES;
  const varint = (): void => {
    while (bytes[at]! >= 0x80) at++;
    at++;
  };
  for (let i = 0; i < opCount && at < bytes.length; i++) {
    const op = bytes[at]! & 7;
    varint();
    if (op !== OP_FREE) varint();
    if (op === OP_MEMALIGN) at++;
  }
  return Math.min(at, bytes.length);
}

/** Decodes an uncompressed trace. `label` stands in front of error messages. Throws `TraceError`. */
export function decodeTrace(bytes: Uint8Array, name: string, label = name): Trace {
  const fail = (reason: string): never => {
    throw new TraceError(`${label}: ${reason}`);
  };
  if (bytes.length < HEADER_BYTES)
    fail(`${bytes.length} bytes are too short for a trace's header of ${HEADER_BYTES}`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== MAGIC) fail("not a trace: it does not start with ATRC");
  const version = header.getUint32(4, true);
  if (version !== VERSION) fail(`version ${version} of the format; only version ${VERSION} is known`);
  const opCount = header.getUint32(8, true);
  const slotCount = header.getUint32(12, true);
  if (opCount === 0) fail("holds no operations");
  // Before anything of that size is allocated: an operation takes a byte at least, a slot an operation.
  if (opCount > bytes.length - HEADER_BYTES)
    fail(`truncated: ${opCount} operations announced, ${bytes.length} bytes in all`);
  if (slotCount > opCount) fail(`${slotCount} slots announced for ${opCount} operations`);
  if (slotCount > MAX_SLOTS) fail(`${slotCount} slots; at most ${MAX_SLOTS} can be replayed`);

  const ops = new Uint32Array(opCount + slotCount);
  const sizes = new Uint32Array(opCount + slotCount);
  const previous = new Uint32Array(opCount + slotCount);
  const live = new Uint32Array(slotCount);
  const full = new Uint8Array(slotCount);

  let at = HEADER_BYTES;
  let slot = 0;
  let liveBytes = 0;
  let liveBlocks = 0;
  let peakLiveBytes = 0;
  let peakLiveBlocks = 0;
  let largestBytes = 0;

  let index = 0;
  let start = 0;
  const bad = (reason: string): never => fail(`operation ${index} at byte ${start}: ${reason}`);
  const next = (): number => (at < bytes.length ? bytes[at++]! : bad("the file ends inside it"));

  for (let i = 0; i < opCount; i++) {
    index = i;
    start = at;

    // key: three bits of operation, then the zigzag distance between slots, 32 bits at most
    let byte = next();
    const op = byte & 7;
    let z = (byte & 0x7f) >> 3;
    for (let shift = 4; byte >= 0x80; shift += 7) {
      byte = next();
      if (shift > 25) bad("slot distance over 32 bits");
      z = (z | ((byte & 0x7f) << shift)) >>> 0;
    }
    slot = (slot + ((z >>> 1) ^ -(z & 1))) >>> 0;
    if (op > OP_MEMALIGN) bad(`unknown operation code ${op}`);
    if (slot >= slotCount) bad(`slot ${slot} of ${slotCount}`);

    let size = 0;
    let word = 0;
    if (op !== OP_FREE) {
      let scale = 1;
      for (;;) {
        byte = next();
        size += (byte & 0x7f) * scale;
        if (size > 0xffffffff) bad("a block of 4 GiB or more");
        if (byte < 0x80) break;
        if ((scale *= 128) > 2 ** 63) bad("size over 64 bits");
      }
      word = size;
      if (op === OP_MEMALIGN) {
        const log2 = next();
        if (log2 > 31) bad(`alignment 2^${log2}`);
        if (size >= 2 ** MEMALIGN_SIZE_BITS)
          bad(`aligned block of ${size} bytes; at most ${2 ** MEMALIGN_SIZE_BITS - 1}`);
        word = ((Math.min(log2, MAX_ALIGNMENT_LOG2) << MEMALIGN_SIZE_BITS) | size) >>> 0;
      }
    }

    const occupied = full[slot] === 1;
    const before = live[slot]!;
    if (op === OP_REALLOC || op === OP_FREE) {
      if (!occupied) bad(`${op === OP_FREE ? "free" : "realloc"} of slot ${slot}, which is empty`);
      previous[i] = before;
      liveBytes -= before;
      liveBlocks--;
    } else if (occupied) {
      bad(`allocation into slot ${slot}, which is full`);
    }
    if (op === OP_FREE) {
      full[slot] = 0;
    } else {
      if (op === OP_REALLOC && size === 0) bad("realloc to 0 bytes, which a trace states as free");
      full[slot] = 1;
      live[slot] = size;
      liveBytes += size;
      liveBlocks++;
      if (liveBytes > peakLiveBytes) peakLiveBytes = liveBytes;
      if (liveBlocks > peakLiveBlocks) peakLiveBlocks = liveBlocks;
      if (size > largestBytes) largestBytes = size;
      if (liveBytes >= MAX_LIVE_BYTES) bad("4 GiB live at one time; no 32-bit heap can hold them");
    }
    ops[i] = (slot << 3) | op;
    sizes[i] = word;
  }
  if (at !== bytes.length) fail(`${bytes.length - at} bytes follow the last operation`);

  let end = opCount;
  for (let s = 0; s < slotCount; s++) {
    if (full[s] === 0) continue;
    ops[end] = (s << 3) | OP_FREE;
    previous[end] = live[s]!;
    end++;
  }
  return {
    name,
    opCount,
    drainCount: end - opCount,
    slotCount,
    ops: ops.subarray(0, end),
    sizes: sizes.subarray(0, end),
    previous: previous.subarray(0, end),
    peakLiveBytes,
    peakLiveBlocks,
    largestBytes,
  };
}
