import { ARENA_BYTES, MAX_ARENAS } from "../generated/layout.js";

export const WASM_PAGE_BYTES = 65_536;

/** Bytes that any heap can use: the last arena below 4 GiB is left out, and a view of it all stays constructible. */
const MAX_VIEW_BYTES = MAX_ARENAS * ARENA_BYTES;

/** Typed arrays of every width over the same bytes. */
export interface Views {
  readonly i8: Int8Array;
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Arrays over nothing: every element reads as `undefined`. */
export const NO_VIEWS = makeViews(new ArrayBuffer(0));

/**
 * The linear memory of a core, and the one owner of typed arrays over it. Growth detaches arrays: the core signals its
 * own, and whoever reads `undefined` because another holder of the memory grew it asks for a refresh.
 *
 * Reading `memory.buffer` costs 35 ns, an element of a cached array 1: hence the cache.
 */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly #followers: ((views: Views) => void)[] = [];
  #views!: Views;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.refresh();
  }

  /** The arrays; never detached when returned. */
  get views(): Views {
    this.refreshIfStale();
    return this.#views;
  }

  /** Makes new arrays over the memory as it is now, and hands them to those who keep them. */
  refresh(): void {
    this.#views = makeViews(this.memory.buffer as ArrayBuffer);
    for (const follower of this.#followers) follower(this.#views);
  }

  /** The same if the arrays are detached; false if they are good. */
  refreshIfStale(): boolean {
    if (this.#views.u8.length > 0) return false;
    this.refresh();
    return true;
  }

  /** Calls `follower` with the arrays, now and whenever there are new ones. */
  follow(follower: (views: Views) => void): void {
    this.#followers.push(follower);
    follower(this.views);
  }

  /** The 32-bit word at a byte address that is a multiple of 4; 0 beyond the memory. */
  word(address: number): number {
    return this.#views.u32[address >>> 2] ?? this.views.u32[address >>> 2] ?? 0;
  }

  setWord(address: number, value: number): void {
    this.views.u32[address >>> 2] = value;
  }

  /** The byte at an address; 0 beyond the memory. */
  byte(address: number): number {
    return this.views.u8[address] ?? 0;
  }
}

/** Arrays over all of a buffer. */
export function makeViews(buffer: ArrayBuffer): Views {
  const length = Math.min(buffer.byteLength, MAX_VIEW_BYTES);
  return {
    i8: new Int8Array(buffer, 0, length),
    u8: new Uint8Array(buffer, 0, length),
    i16: new Int16Array(buffer, 0, length >>> 1),
    u16: new Uint16Array(buffer, 0, length >>> 1),
    i32: new Int32Array(buffer, 0, length >>> 2),
    u32: new Uint32Array(buffer, 0, length >>> 2),
    i64: new BigInt64Array(buffer, 0, length >>> 3),
    f32: new Float32Array(buffer, 0, length >>> 2),
    f64: new Float64Array(buffer, 0, length >>> 3),
  };
}
