/** Characters that are collected before they are handed on. */
const CHUNK = 65_536;
/** Longest text of a number, and a comma. */
const NUMBER_LENGTH = 11;

const decoder = typeof TextDecoder === "function" ? new TextDecoder("latin1") : undefined;

/** Writes JSON in chunks: numbers as bytes, which are made into strings by the chunk. */
export class JsonWriter {
  readonly #write: (chunk: string) => void;
  readonly #bytes = new Uint8Array(CHUNK + NUMBER_LENGTH);
  #length = 0;

  constructor(write: (chunk: string) => void) {
    this.#write = write;
  }

  /** A whole number from 0 to 2³² − 1. */
  number(value: number): void {
    if (this.#length >= CHUNK) this.flush();
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    let at = this.#length + digits;
    this.#length = at;
    let rest = value;
    do {
      const tenth = Math.floor(rest / 10);
      this.#bytes[--at] = 48 + (rest - tenth * 10);
      rest = tenth;
    } while (rest > 0);
  }

  comma(): void {
    this.#bytes[this.#length++] = 44;
  }

  /** Any text, as it is. */
  text(text: string): void {
    this.flush();
    this.#write(text);
  }

  flush(): void {
    if (this.#length === 0) return;
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    this.#write(
      decoder ? decoder.decode(bytes) : bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""),
    );
  }
}
