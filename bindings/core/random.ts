/** Words of chance that a heap begins with: 3 secrets, 4 of the key of strs' hashes, 6 for those of numbers. */
const WORDS = 13;

const WORD_BITS = 32;
const KEY_BITS = 128;

/** What the heap draws. */
export interface RandomWords {
  /** Marks free blocks. */
  readonly secret: number;
  /** Hardened core: encodes the links of free blocks, and begins the random order of what is carved. */
  readonly linkSecret: number;
  readonly order: number;
  /** The words of the state block from STATE_HASH_KEY on. */
  readonly hashKey: readonly number[];
}

/** Unpredictable words where the host has such, else at least varying ones. */
export function randomWords(): RandomWords {
  const words = new Uint32Array(WORDS);
  if (typeof crypto === "object") crypto.getRandomValues(words);
  else words.forEach((_, i) => (words[i] = Math.floor(Math.random() * 2 ** WORD_BITS)));
  const [secret = 0, linkSecret = 0, order = 0, ...hashKey] = words;
  return { secret, linkSecret, order, hashKey };
}

/** Whether a value can be a seed: a whole number from 0 to 2⁵³ − 1, or a bigint from 0 to 2¹²⁸ − 1. */
export function isSeed(value: unknown): value is number | bigint {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0;
  return typeof value === "bigint" && value >= 0n && value >> BigInt(KEY_BITS) === 0n;
}

/** The words that follow from a seed: it is the key of strs' hashes, low word first, and the rest is mixed from it. */
export function seededWords(seed: number | bigint): RandomWords {
  const key = Array.from({ length: KEY_BITS / WORD_BITS }, (_, index) =>
    Number(BigInt.asUintN(WORD_BITS, BigInt(seed) >> BigInt(index * WORD_BITS))),
  );
  const rest: number[] = [];
  let state = 0;
  while (key.length + rest.length < WORDS) {
    state = mix(state ^ key[rest.length % key.length]!);
    rest.push(state);
  }
  const [secret = 0, linkSecret = 0, order = 0, ...multipliers] = rest;
  return { secret, linkSecret, order, hashKey: [...key, ...multipliers] };
}

/** A step of a Weyl sequence, and MurmurHash3's finalizer. */
function mix(word: number): number {
  let mixed = (word + 0x9e3779b9) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
