/** Hashes of dict keys: strings by content, ints by value, everything else by identity. Never 0. */
import {
  META_WIDE,
  STATE_SECRET,
  STR_DATA,
  STR_HASH,
  STR_LENGTH,
  TYPE_INT,
  TYPE_STR,
  VALUE,
} from "../../layout";
import { word } from "../../state";
import { metaOf, typeOf } from "../core/header";

export function hashKey(key: usize): u32 {
  const type = typeOf(key);
  if (type == TYPE_STR) return hashStr(key);
  return type == TYPE_INT ? hashInt(load<i64>(key, VALUE)) : hashAddress(key);
}

export function hashStr(str: usize): u32 {
  const known = load<u32>(str, STR_HASH);
  return known ? known : computeHash(str);
}

/** MurmurHash3's 32-bit mix over the code units, seeded so that colliding keys cannot be prepared. */
function computeHash(str: usize): u32 {
  const bytes = strBytes(str);
  let hash = word(STATE_SECRET);
  // The last word is padded with zeros: a block is a multiple of 8 bytes and was zeroed.
  for (let at: usize = 0; at < bytes; at += 4) {
    hash ^= rotl<u32>(load<u32>(str + at, STR_DATA) * 0xcc9e2d51, 15) * 0x1b873593;
    hash = rotl<u32>(hash, 13) * 5 + 0xe6546b64;
  }
  hash = finish(hash ^ load<u32>(str, STR_LENGTH));
  store<u32>(str, hash, STR_HASH);
  return hash;
}

function hashInt(value: i64): u32 {
  return finish((<u32>value) ^ (<u32>(value >>> 32) * 0x9e3779b1));
}

function hashAddress(object: usize): u32 {
  return finish((<u32>object) >>> 3);
}

/** MurmurHash3's finalizer; 0 stands for "not computed" and becomes 1. */
function finish(hash: u32): u32 {
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
  hash ^= hash >>> 16;
  return hash ? hash : 1;
}

/** Bytes of the string's code units. */
// @ts-ignore: decorator
@inline
export function strBytes(str: usize): usize {
  return load<u32>(str, STR_LENGTH) << u32((metaOf(str) & META_WIDE) != 0);
}

export function sameStr(a: usize, b: usize): bool {
  if (a == b) return true;
  if (load<u32>(a, STR_LENGTH) != load<u32>(b, STR_LENGTH) || (metaOf(a) ^ metaOf(b)) & META_WIDE)
    return false;
  const bytes = strBytes(a);
  for (let at: usize = 0; at < bytes; at += 8) {
    if (load<u64>(a + at, STR_DATA) != load<u64>(b + at, STR_DATA)) return false;
  }
  return true;
}

/** True if two keys are one: the same object, equal strings, or equal ints. */
export function sameKey(a: usize, b: usize): bool {
  if (a == b) return true;
  const type = typeOf(a);
  if (type != typeOf(b)) return false;
  if (type == TYPE_STR) return sameStr(a, b);
  return type == TYPE_INT && load<i64>(a, VALUE) == load<i64>(b, VALUE);
}
