const VARINT = 0;
const LENGTH_DELIMITED = 2;
const encoder = new TextEncoder();

/** Writes protobuf messages: fields in any order, numbers as varints (https://protobuf.dev/programming-guides/encoding). */
export class Message {
  readonly #bytes: number[] = [];

  /** A whole number from −2⁵³ to 2⁵³; 0 is the default and left out. */
  number(field: number, value: number): this {
    if (value === 0) return this;
    this.#varint((field << 3) | VARINT);
    this.#varint(value);
    return this;
  }

  text(field: number, text: string): this {
    return this.#delimited(field, encoder.encode(text));
  }

  message(field: number, message: Message): this {
    return this.#delimited(field, message.#bytes);
  }

  /** A packed list of whole numbers. */
  numbers(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#varint(value);
    return this.#delimited(field, packed.#bytes);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #delimited(field: number, bytes: Iterable<number> & { readonly length: number }): this {
    this.#varint((field << 3) | LENGTH_DELIMITED);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** Seven bits a byte, lowest first; negative numbers as 64 bits. */
  #varint(value: number): void {
    if (value >= 0 && value < 2 ** 31) {
      let rest = value;
      for (; rest > 127; rest >>>= 7) this.#bytes.push((rest & 127) | 128);
      this.#bytes.push(rest);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128);
    this.#bytes.push(Number(rest));
  }
}
