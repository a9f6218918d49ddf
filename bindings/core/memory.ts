import { ARENA_BYTES, MAX_ARENAS } from "../generated/layout.js";

export const WASM_PAGE_BYTES = 65_536;

/** Bytes that any heap can use: the last arena below 4 GiB is left out, and a view of it all stays constructible. */
const MAX_VIEW_BYTES = MAX_ARENAS * ARENA_BYTES;

/**
 * Cached typed arrays over a linear memory that grows. Growth detaches them; the core signals its own growth, and an
 * access that finds a detached array (another holder of the memory grew it) refreshes and reads again.
 *
 * Reading `memory.buffer` costs 35 ns, an indexed read of a cached array 1: hence the cache.
 */
export class Views {
  readonly memory: WebAssembly.Memory;
  /** Who keeps arrays of its own over the memory. */
  readonly #followers: ((words: Uint32Array<ArrayBuffer>) => void)[] = [];
  #bytes!: Uint8Array<ArrayBuffer>;
  #words!: Uint32Array<ArrayBuffer>;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.refresh();
  }

  /** Makes new arrays over the memory as it is now. */
  refresh(): void {
    const buffer = this.memory.buffer as ArrayBuffer;
    const length = Math.min(buffer.byteLength, MAX_VIEW_BYTES);
    this.#bytes = new Uint8Array(buffer, 0, length);
    this.#words = new Uint32Array(buffer, 0, length >>> 2);
    for (const look of this.#followers) look(this.#words);
  }

  /** Calls `look` now, and whenever there are new arrays. */
  follow(look: (words: Uint32Array<ArrayBuffer>) => void): void {
    this.#followers.push(look);
    look(this.words);
  }

  /** All bytes of the memory; never detached when returned. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === 0) this.refresh();
    return this.#bytes;
  }

  /** All 32-bit words of the memory; never detached when returned. */
  get words(): Uint32Array<ArrayBuffer> {
    if (this.#words.length === 0) this.refresh();
    return this.#words;
  }

  /** The 32-bit word at a byte address that is a multiple of 4; 0 beyond the memory. */
  word(address: number): number {
    return this.#words[address >>> 2] ?? this.words[address >>> 2] ?? 0;
  }

  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** The byte at an address; 0 beyond the memory. */
  byte(address: number): number {
    return this.#bytes[address] ?? this.bytes[address] ?? 0;
  }
}
