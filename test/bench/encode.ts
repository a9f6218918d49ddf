import { OP_FREE, OP_MEMALIGN } from "../../bench/lib/trace.js";

/** An operation of a trace: code, slot, size, and for memalign log2 of the alignment. */
export type Operation = readonly [op: number, slot: number, size?: number, log2?: number];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

export interface HeaderFields {
  magic?: string;
  version?: number;
  opCount?: number;
  slotCount?: number;
}

/** A trace file, not compressed; header fields can be overridden to make a bad one. */
export function encode(operations: readonly Operation[], header: HeaderFields = {}): Uint8Array {
  const body: number[] = [];
  let previous = 0;
  for (const [op, slot, size = 0, log2 = 0] of operations) {
    const distance = (slot - previous) | 0;
    const zigzag = ((distance << 1) ^ (distance >> 31)) >>> 0;
    body.push(...varint(zigzag * 8 + op));
    if (op !== OP_FREE) body.push(...varint(size));
    if (op === OP_MEMALIGN) body.push(log2);
    previous = slot;
  }
  const slots = operations.reduce((most, [, slot]) => Math.max(most, slot + 1), 0);
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(header.magic ?? "ATRC"));
  view.setUint32(4, header.version ?? 1, true);
  view.setUint32(8, header.opCount ?? operations.length, true);
  view.setUint32(12, header.slotCount ?? slots, true);
  bytes.set(body, 16);
  return bytes;
}
