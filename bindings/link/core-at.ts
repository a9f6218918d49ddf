/** The core for linking, with its state block at an address of the module's. */
import { decodeHex } from "../core/decode.js";
import { linkedCore } from "../generated/linked-core.js";
import { ARENA_BYTES, STATE_GROWTH_FACTOR } from "../generated/layout.js";

/** The state block begins on a line of the cache. */
const ALIGNMENT = 64;
/** LEB128 of the constants: as many bytes as scripts/linked-core.mjs has made sure of. */
const ADDRESS_LENGTH = 5;
const ARENA_NUMBER_LENGTH = 2;

export interface PlacedCore {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** First byte behind the state block: what the memory must hold at the start. */
  readonly end: number;
  /** Where the first arena begins. */
  readonly arenas: number;
  /** Where the three words of the policy of growth lie. */
  readonly growth: number;
}

/** The core with its state block at the first place from `address` on, which is below 1 GiB. */
export function coreAt(address: number): PlacedCore {
  const bytes = decodeHex(linkedCore.hex);
  const base = Math.ceil(address / ALIGNMENT) * ALIGNMENT;
  const end = base + linkedCore.stateBytes;
  const arena = Math.ceil(end / ARENA_BYTES);
  for (const place of linkedCore.addresses) {
    encode(bytes, place, ADDRESS_LENGTH, decode(bytes, place) - linkedCore.address + base);
  }
  for (const place of linkedCore.arenaNumbers) encode(bytes, place, ARENA_NUMBER_LENGTH, arena);
  return { bytes, end, arenas: arena * ARENA_BYTES, growth: base + STATE_GROWTH_FACTOR };
}

function decode(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
}

/** A number whose highest bit of 7 · `length` is 0, as LEB128 of that length: signed and unsigned it reads the same. */
function encode(bytes: Uint8Array, at: number, length: number, value: number): void {
  for (let i = 0; i < length; i++) {
    bytes[at + i] = (value & 0x7f) | (i < length - 1 ? 0x80 : 0);
    value >>>= 7;
  }
}
