/**
 * Hashes of dict keys: strs by content, ints by value, everything else by identity. Never 0. Nobody can prepare keys that
 * collide, for which do depends on words that the host draws for each heap:
 *
 *   strs             SipHash-1-3 (Aumasson, Bernstein, INDOCRYPT 2012) under a key of 128 bits, as in CPython (PEP 456, since
 *                    3.11), Rust and Ruby. That is cryptanalysis and no proof; nobody but the host sees a hash.
 *   ints, addresses  ((a + high) · (b + low) + c) >>> 32 of 64-bit words a, b, c (Thorup, "High speed hashing for integers
 *                    and strings", arXiv 1504.06804, 3.3). That is proved: any two keys get hashes that are uniform and
 *                    independent of each other, so of n keys chosen beforehand n²/2m pairs at the most are expected to share
 *                    one of m slots. A permutation of the result takes nothing from that, and breaks up the even steps
 *                    of keys in sequence, which would cluster. It says nothing of who can measure the time of single
 *                    look-ups and chooses keys by it.
 *
 * MurmurHash3's 32-bit form, whatever its seed, has strs that collide under all of them.
 */
import { Int, META_WIDE, STR_DATA, Str, TYPE_INT, TYPE_STR, taggedValue } from "../../layout";
import { state } from "../../state";
import { isTagged, typeIdOf } from "../core/header";

/** Strs of two bytes a unit begin elsewhere: their bytes may be those of one that is twice as long. */
const WIDE: u64 = 0xee;

export function hashKey(key: usize): u32 {
  if (isTagged(key)) return hashWord(<u64>(<i64>taggedValue(key)));
  const type = typeIdOf(key);
  if (type == TYPE_STR) return hashStr(changetype<Str>(key));
  return hashWord(type == TYPE_INT ? changetype<Int>(key).value : <u64>key);
}

export function hashStr(str: Str): u32 {
  const hash = str.hash;
  return hash ? hash : computeHash(str);
}

/** Of the bytes of the code units, however many there are: some 14 operations for eight of them. */
function computeHash(str: Str): u32 {
  const bytes = str.bytes;
  const whole = bytes & ~7;
  const data = changetype<usize>(str) + STR_DATA;
  // The word behind the last whole one is padded with zeros: a block is a multiple of 8 bytes and was zeroed.
  let last: u64 = (<u64>bytes) << 56;
  if (whole < bytes) last |= load<u64>(data + whole);
  // Exact in AssemblyScript: integers of 64 bits.
  /* eslint-disable no-loss-of-precision */
  let v0 = state.hashKey0 ^ 0x736f6d6570736575;
  let v1 = state.hashKey1 ^ 0x646f72616e646f6d;
  let v2 = state.hashKey0 ^ 0x6c7967656e657261;
  let v3 = state.hashKey1 ^ 0x7465646279746573;
  /* eslint-enable no-loss-of-precision */
  if (str.meta & META_WIDE) v1 ^= WIDE;
  for (let at: u32 = 0; at <= whole; at += 8) {
    const word = at < whole ? load<u64>(data + at) : last;
    v3 ^= word;
    v0 += v1;
    v2 += v3;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 = rotl<u64>(v0, 32) + v3;
    v2 += v1;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let rounds = 3; rounds; rounds--) {
    v0 += v1;
    v2 += v3;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 = rotl<u64>(v0, 32) + v3;
    v2 += v1;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
  }
  const sum = v0 ^ v1 ^ v2 ^ v3;
  const hash = known((<u32>sum) ^ (<u32>(sum >>> 32)));
  str.hash = hash;
  return hash;
}

/** Of an int's value or an object's address. */
// @ts-ignore: decorator
@inline
function hashWord(word: u64): u32 {
  const product = (state.mixHigh + (word >>> 32)) * (state.mixLow + <u64>(<u32>word)) + state.mixSum;
  let hash = <u32>(product >>> 32);
  // MurmurHash3's finalizer.
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
  return known(hash ^ (hash >>> 16));
}

/** 0 means "not computed" and becomes 1. */
// @ts-ignore: decorator
@inline
function known(hash: u32): u32 {
  return hash ? hash : 1;
}

export function sameStr(a: Str, b: Str): bool {
  if (a == b) return true;
  if (a.length != b.length || (a.meta ^ b.meta) & META_WIDE) return false;
  const bytes = a.bytes;
  for (let at: usize = 0; at < bytes; at += 8) {
    if (load<u64>(changetype<usize>(a) + at, STR_DATA) != load<u64>(changetype<usize>(b) + at, STR_DATA))
      return false;
  }
  return true;
}

/** True if two keys are one: the same object, equal strings, or equal ints. */
export function sameKey(a: usize, b: usize): bool {
  if (a == b) return true;
  if (isTagged(a)) return isInt(b, taggedValue(a));
  if (isTagged(b)) return isInt(a, taggedValue(b));
  const type = typeIdOf(a);
  if (type != typeIdOf(b)) return false;
  if (type == TYPE_STR) return sameStr(changetype<Str>(a), changetype<Str>(b));
  return type == TYPE_INT && changetype<Int>(a).value == changetype<Int>(b).value;
}

/** Whether a key that is no equal tagged int is an int object of that value. */
function isInt(key: usize, value: i64): bool {
  return !isTagged(key) && typeIdOf(key) == TYPE_INT && changetype<Int>(key).value == value;
}
