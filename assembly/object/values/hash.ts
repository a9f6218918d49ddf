/** Hashes of dict keys: strings by content, ints by value, everything else by identity. Never 0. */
import { Int, META_WIDE, STR_DATA, Str, TYPE_INT, TYPE_STR, taggedValue } from "../../layout";
import { state } from "../../state";
import { isTagged, typeIdOf } from "../core/header";

export function hashKey(key: usize): u32 {
  if (isTagged(key)) return hashInt(taggedValue(key));
  const type = typeIdOf(key);
  if (type == TYPE_STR) return hashStr(changetype<Str>(key));
  return type == TYPE_INT ? hashInt(changetype<Int>(key).value) : hashAddress(key);
}

export function hashStr(str: Str): u32 {
  const known = str.hash;
  return known ? known : computeHash(str);
}

/** MurmurHash3's 32-bit mix over the code units, seeded so that colliding keys cannot be prepared. */
function computeHash(str: Str): u32 {
  const bytes = str.bytes;
  let hash = state.secret;
  // The last word is padded with zeros: a block is a multiple of 8 bytes and was zeroed.
  for (let at: usize = 0; at < bytes; at += 4) {
    hash ^= rotl<u32>(load<u32>(changetype<usize>(str) + at, STR_DATA) * 0xcc9e2d51, 15) * 0x1b873593;
    hash = rotl<u32>(hash, 13) * 5 + 0xe6546b64;
  }
  hash = finish(hash ^ str.length);
  str.hash = hash;
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
