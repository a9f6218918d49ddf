/**
 * Deaths of records, objects that own nothing but what their fields hold: cells of lists, nodes of trees. The steps are
 * those of the walk in death.ts with what is known of the type in locals: a child of the same type is known by one
 * comparison of its header, and blocks go back in runs of one page. Either walk can go on where the other one stops.
 */
import {
  COUNT_LIMIT,
  FLAG_CONTAINER,
  FLAG_PAIR,
  META_HOOKS,
  META_LEAF,
  META_TYPE,
  OBJECT_FIELDS,
  PAGE_SHIFT,
  STATE_DEATH_SLOT,
  TYPE_CHAIN,
  TYPE_FLAGS,
  TYPE_OWNED,
  TypeDescriptor,
} from "../../layout";
import { setWord } from "../../state";
import { discard, fewerYoung } from "../core/alloc";
import { giveBlocks } from "../core/blocks";
import { describe, isShared, metaOf, typeByMeta } from "../core/header";
import { link } from "./slots";

/** Set in the slot where the walk stands if the next step is none for records. */
export const STUCK: usize = 2;
/** The count, and what of a header a death has to look at. */
export const MATCH: u64 = ((<u64>(META_TYPE | META_HOOKS)) << 32) | 0xffffffff;
/** The last reference to what owns nothing. */
export const LEAF: u64 = ((<u64>META_LEAF) << 32) | 1;
export const LEAF_MATCH: u64 = ((<u64>(META_LEAF | META_HOOKS)) << 32) | 0xffffffff;

/** Do deaths of a type belong here? Its private free list has to be full, or none. */
// @ts-ignore: decorator
@inline
export function isRecord(type: usize): bool {
  return load<u32>(type, TYPE_OWNED) != u32.MAX_VALUE && changetype<TypeDescriptor>(type).isFull;
}

/**
 * At most `left` steps of the walk from `object` on, a record whose slot `slot` was released last, or, at `object`
 * itself, none; it was linked, unless `isRoot`. Where the walk stands then; 0 at its end.
 */
export function walkRecords(object: usize, slot: usize, isRoot: bool, left: u32): usize {
  const known = metaOf(object) & META_TYPE;
  const same = ((<u64>known) << 32) | 1;
  const type = describe(known);
  const chain = <usize>load<u32>(type, TYPE_CHAIN);
  const isPair = (load<u32>(type, TYPE_FLAGS) & FLAG_PAIR) != 0;
  let via: usize = isRoot ? 0 : <usize>load<u32>(object);
  let parent: usize = via ? <usize>load<u32>(via) : 0;
  // Offset of the slot that was released last.
  let done = slot - object;
  let stuck: usize = 0;
  let dead: u32 = 0;
  // Free blocks of one page, linked from `run` to `last`.
  let run: usize = 0;
  let last: usize = 0;
  let blocks: u32 = 0;
  do {
    let gone = object;
    const at = <usize>load<u16>(chain + (done >>> 1));
    if (at) {
      const child = <usize>load<u32>(object + at);
      if (!child) {
        done = at;
        continue;
      }
      const header = load<u64>(child);
      if (isShared(header)) {
        if (<i32>header < COUNT_LIMIT) store<i32>(child, <i32>header - 1);
        done = at;
        continue;
      }
      if ((header & MATCH) != same) {
        if ((header & LEAF_MATCH) == LEAF) {
          discardLeaf(child, <u32>(header >>> 32));
          done = at;
          continue;
        }
        stuck = STUCK;
        break;
      }
      if (isPair && !load<u64>(child, OBJECT_FIELDS)) {
        gone = child;
        done = at;
      } else {
        let next = <usize>load<u16>(chain + (at >>> 1));
        while (next && !load<u32>(object + next)) next = load<u16>(chain + (next >>> 1));
        if (next) {
          link(object, via, parent);
          via = object + at;
          parent = object;
          object = child;
          done = 0;
          continue;
        }
        object = child;
        done = 0;
      }
    } else {
      object = parent;
      if (parent) {
        const header = load<u64>(parent);
        if (((<u32>(header >>> 32)) & META_TYPE) != known) stuck = STUCK;
        done = via - parent;
        via = <usize>(<u32>header);
        parent = via ? <usize>load<u32>(via) : 0;
      }
    }
    if ((gone ^ run) >>> PAGE_SHIFT) {
      giveBlocks(run, last, blocks);
      last = gone;
      blocks = 0;
    }
    store<u64>(gone, <u64>run);
    run = gone;
    blocks++;
    dead++;
  } while (--left && object && !stuck);
  giveBlocks(run, last, blocks);
  if (load<u32>(type, TYPE_FLAGS) & FLAG_CONTAINER) fewerYoung(dead);
  if (object) {
    link(object, via, parent);
    setWord(STATE_DEATH_SLOT, <u32>((object + done) | stuck));
  }
  return object;
}

/** discard() of a leaf, out of line. */
export function discardLeaf(leaf: usize, meta: u32): void {
  discard(leaf, typeByMeta(meta));
}
