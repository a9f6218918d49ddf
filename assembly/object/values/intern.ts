/**
 * Interned strings: one object for equal content, found through an open-addressed table in a raw block. The table owns
 * no references: a string that dies leaves it (CPython's mortal interning).
 *
 *   slot   0 empty │ 1 tombstone │ address;   live ≤ filled ≤ 2/3 of the slots
 */
import {
  META_INTERNED,
  STATE_INTERN,
  STATE_INTERN_FILLED,
  STATE_INTERN_LIVE,
  STATE_INTERN_MASK,
} from "../../layout";
import { setWord, word } from "../../state";
import { giveBuffer, takeZeroed } from "../core/buffers";
import { hashStr, sameStr } from "./hash";
import { incref, metaOf, setMeta } from "../core/header";

const TOMBSTONE: u32 = 1;
const FIRST_SLOTS: u32 = 64;

/** A new reference to the one string with this content; 0 if out of memory. */
export function intern(str: usize): usize {
  if (metaOf(str) & META_INTERNED) {
    incref(str);
    return str;
  }
  if (!makeRoom()) return 0;
  const mask = word(STATE_INTERN_MASK);
  let index = hashStr(str) & mask;
  let free: usize = 0;
  while (true) {
    const slot = <usize>word(STATE_INTERN) + ((<usize>index) << 2);
    const known = load<u32>(slot);
    if (!known) {
      if (!free) {
        free = slot;
        setWord(STATE_INTERN_FILLED, word(STATE_INTERN_FILLED) + 1);
      }
      break;
    }
    if (known == TOMBSTONE) {
      if (!free) free = slot;
    } else if (sameStr(known, str)) {
      incref(known);
      return known;
    }
    index = (index + 1) & mask;
  }
  store<u32>(free, <u32>str);
  setWord(STATE_INTERN_LIVE, word(STATE_INTERN_LIVE) + 1);
  setMeta(str, metaOf(str) | META_INTERNED);
  incref(str);
  return str;
}

/** An interned string dies. */
export function forgetInterned(str: usize): void {
  setMeta(str, metaOf(str) & ~META_INTERNED);
  const mask = word(STATE_INTERN_MASK);
  let index = hashStr(str) & mask;
  while (true) {
    const slot = <usize>word(STATE_INTERN) + ((<usize>index) << 2);
    const known = load<u32>(slot);
    if (!known) return;
    if (known == <u32>str) {
      store<u32>(slot, TOMBSTONE);
      setWord(STATE_INTERN_LIVE, word(STATE_INTERN_LIVE) - 1);
      return;
    }
    index = (index + 1) & mask;
  }
}

/** Makes sure that a slot is free and that every search meets an empty one. */
function makeRoom(): bool {
  const slots = word(STATE_INTERN) ? word(STATE_INTERN_MASK) + 1 : 0;
  if ((word(STATE_INTERN_FILLED) + 1) * 3 <= slots * 2) return true;
  let grown = FIRST_SLOTS;
  while (grown < (word(STATE_INTERN_LIVE) + 1) * 3) grown <<= 1;
  const table = takeZeroed((<usize>grown) << 2);
  if (!table) return false;
  const old = <usize>word(STATE_INTERN);
  for (let i: u32 = 0; i < slots; i++) {
    const str = load<u32>(old + ((<usize>i) << 2));
    if (str > TOMBSTONE) insert(table, grown - 1, str);
  }
  giveBuffer(old);
  setWord(STATE_INTERN, <u32>table);
  setWord(STATE_INTERN_MASK, grown - 1);
  setWord(STATE_INTERN_FILLED, word(STATE_INTERN_LIVE));
  return true;
}

function insert(table: usize, mask: u32, str: u32): void {
  let index = hashStr(str) & mask;
  while (load<u32>(table + ((<usize>index) << 2))) index = (index + 1) & mask;
  store<u32>(table + ((<usize>index) << 2), str);
}
