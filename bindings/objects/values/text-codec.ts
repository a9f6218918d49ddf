/** Encoders and decoders of strings, where the host has them and they say what code units say. */

const encoder = typeof TextEncoder === "function" ? new TextEncoder() : undefined;
const latin1 = decoderOf("latin1", {});
const utf16 = decoderOf("utf-16le", { ignoreBOM: true });
const BEYOND_LATIN1 = /[^\0-\xff]/;
const REPLACEMENT = "\ufffd";

/**
 * Writes a text of ASCII characters, which UTF-8 has a byte each for; false if it has others, or where the encoder finds
 * the stack used up: the str is there already.
 */
export function encodeAscii(text: string, bytes: Uint8Array): boolean {
  if (encoder === undefined) return false;
  try {
    const { read, written } = encoder.encodeInto(text, bytes);
    return read === text.length && written === read;
  } catch {
    return false;
  }
}

/** What is used of Node's `Buffer`: its Latin-1 has the first 256 code points, and its UTF-16 lone surrogates. */
interface HostBuffer {
  toString(encoding: "latin1" | "utf16le", start: number, end: number): string;
}

/**
 * Decodes units of one memory. Where there is Node's `Buffer` a text takes half as long as through a `TextDecoder`
 * (bench:objects -- "str of 2,000").
 */
export class Decoder {
  readonly #make: ((memory: ArrayBuffer) => HostBuffer) | undefined;
  #buffer: HostBuffer | undefined;
  /** The array over the memory that the buffer is of. */
  #of: Uint8Array | undefined;

  constructor() {
    const { process, Buffer } = globalThis as Partial<typeof globalThis>;
    // Elsewhere a `Buffer` is somebody's substitute.
    if (process?.versions?.node !== undefined && Buffer !== undefined)
      this.#make = (memory) => Buffer.from(memory);
  }

  /** Bytes as code units; undefined if the host cannot tell. */
  narrow(units: Uint8Array<ArrayBuffer>, first: number, length: number): string | undefined {
    const text = this.#slice(units, "latin1", first, first + length);
    return text ?? decodeNarrow(units.subarray(first, first + length));
  }

  /** The same of units of two bytes; `bytes` is of the same memory. */
  wide(
    bytes: Uint8Array<ArrayBuffer>,
    units: Uint16Array,
    first: number,
    length: number,
  ): string | undefined {
    const text = this.#slice(bytes, "utf16le", first * 2, (first + length) * 2);
    return text ?? decodeWide(units.subarray(first, first + length));
  }

  /** There are other arrays over the memory, or the heap has let go of it. */
  forget(): void {
    this.#buffer = this.#of = undefined;
  }

  #slice(
    bytes: Uint8Array<ArrayBuffer>,
    encoding: "latin1" | "utf16le",
    start: number,
    end: number,
  ): string | undefined {
    if (this.#make === undefined) return undefined;
    try {
      if (this.#of !== bytes) {
        this.#buffer = this.#make(bytes.buffer);
        this.#of = bytes;
      }
      return this.#buffer!.toString(encoding, start, end);
    } catch {
      return undefined;
    }
  }
}

function decoderOf(label: string, options: TextDecoderOptions): TextDecoder | undefined {
  try {
    return new TextDecoder(label, options);
  } catch {
    return undefined;
  }
}

/** What the web calls Latin-1 has other characters for 27 of the bytes from 0x80 to 0x9f, all beyond Latin-1. */
function decodeNarrow(units: Uint8Array): string | undefined {
  const text = decode(latin1, units);
  return text === undefined || BEYOND_LATIN1.test(text) ? undefined : text;
}

/** Lone surrogates would be replaced. */
function decodeWide(units: Uint16Array): string | undefined {
  const text = decode(utf16, units);
  return text === undefined || text.includes(REPLACEMENT) ? undefined : text;
}

/** A character for each unit. Safari's decoders throw after 2 GiB in all up to 18.4, Node 23.4.0's gives bytes. */
function decode(decoder: TextDecoder | undefined, units: Uint8Array | Uint16Array): string | undefined {
  try {
    const text: unknown = decoder?.decode(units);
    return typeof text === "string" && text.length === units.length ? text : undefined;
  } catch {
    return undefined;
  }
}
