/**
 * Interned strings: one object for equal content, found through an open-addressed table in a raw block. The table owns
 * no references: a string that dies leaves it (CPython's mortal interning).
 *
 *   slot   0 empty │ 1 tombstone │ address;   live ≤ filled ≤ 2/3 of the slots
 */
import { META_INTERNED, Str } from "../../layout";
import { objects } from "../../state";
import { giveBuffer, takeZeroed } from "../core/buffers";
import { incref } from "../core/header";
import { hashStr, sameStr } from "./hash";

const TOMBSTONE: usize = 1;
const FIRST_SLOTS: u32 = 64;

/** A new reference to the one string with this content; 0 if out of memory. */
export function intern(str: Str): usize {
  const pointer = changetype<usize>(str);
  if (str.meta & META_INTERNED) {
    incref(pointer);
    return pointer;
  }
  if (!makeRoom()) return 0;
  const mask = objects.internMask;
  let index = hashStr(str) & mask;
  let free: usize = 0;
  while (true) {
    const slot = objects.intern + (index << 2);
    const known = load<usize>(slot);
    if (!known) {
      if (!free) {
        free = slot;
        objects.internFilled = objects.internFilled + 1;
      }
      break;
    }
    if (known == TOMBSTONE) {
      if (!free) free = slot;
    } else if (sameStr(changetype<Str>(known), str)) {
      incref(known);
      return known;
    }
    index = (index + 1) & mask;
  }
  store<usize>(free, pointer);
  objects.internLive = objects.internLive + 1;
  str.meta = str.meta | META_INTERNED;
  incref(pointer);
  return pointer;
}

/** An interned string dies. */
export function forgetInterned(pointer: usize): void {
  const str = changetype<Str>(pointer);
  str.meta = str.meta & ~META_INTERNED;
  const mask = objects.internMask;
  let index = hashStr(str) & mask;
  while (true) {
    const slot = objects.intern + (index << 2);
    const known = load<usize>(slot);
    if (!known) return;
    if (known == pointer) {
      store<usize>(slot, TOMBSTONE);
      objects.internLive = objects.internLive - 1;
      return;
    }
    index = (index + 1) & mask;
  }
}

/** Makes sure that a slot is free and that every search meets an empty one. */
function makeRoom(): bool {
  const old = objects.intern;
  const live = objects.internLive;
  const slots = old ? objects.internMask + 1 : 0;
  if ((objects.internFilled + 1) * 3 <= slots * 2) return true;
  let grown = FIRST_SLOTS;
  while (grown < (live + 1) * 3) grown <<= 1;
  const table = takeZeroed(grown << 2);
  if (!table) return false;
  for (let i: u32 = 0; i < slots; i++) {
    const known = load<usize>(old + (i << 2));
    if (known <= TOMBSTONE) continue;
    let index = hashStr(changetype<Str>(known)) & (grown - 1);
    while (load<usize>(table + (index << 2))) index = (index + 1) & (grown - 1);
    store<usize>(table + (index << 2), known);
  }
  giveBuffer(old);
  objects.intern = table;
  objects.internMask = grown - 1;
  objects.internFilled = live;
  return true;
}
