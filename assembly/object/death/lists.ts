/** Deaths of lists of lists, in the way of records.ts: from the last item to the first, other objects by the walk in death.ts. */
import {
  COUNT_LIMIT,
  LIST_ITEMS,
  LIST_LENGTH,
  META_TYPE,
  PAGE_SHIFT,
  STATE_DEATH_SLOT,
  TYPE_LIST,
  TypeDescriptor,
} from "../../layout";
import { setWord } from "../../state";
import { fewerYoung } from "../core/alloc";
import { giveBlocks } from "../core/blocks";
import { giveBuffer } from "../core/buffers";
import { isShared } from "../core/header";
import { LEAF, LEAF_MATCH, MATCH, STUCK, discardLeaf } from "./records";
import { bufferAt, link } from "./slots";

const SAME: u64 = ((<u64>TYPE_LIST) << 32) | 1;

/** As isRecord. Tuples, which are rows too, have a private list for each length: those never belong here. */
// @ts-ignore: decorator
@inline
export function isRow(type: usize, meta: u32): bool {
  return (meta & META_TYPE) == TYPE_LIST && changetype<TypeDescriptor>(type).isFull;
}

/** As walkRecords; `slot` is behind the last item if none was released. */
export function walkRows(object: usize, slot: usize, isRoot: bool, left: u32): usize {
  let via: usize = isRoot ? 0 : <usize>load<u32>(object);
  let parent: usize = via ? <usize>load<u32>(via) : 0;
  let items = <usize>load<u32>(object, LIST_ITEMS);
  let stuck: usize = 0;
  let dead: u32 = 0;
  // Free blocks of one page, linked from `run` to `last`.
  let run: usize = 0;
  let last: usize = 0;
  let blocks: u32 = 0;
  do {
    let gone = object;
    if (slot > items) {
      const child = <usize>load<u32>(slot - 4);
      if (!child) {
        slot -= 4;
        continue;
      }
      const header = load<u64>(child);
      if (isShared(header)) {
        if (<i32>header < COUNT_LIMIT) store<i32>(child, <i32>header - 1);
        slot -= 4;
        continue;
      }
      if ((header & MATCH) != SAME) {
        if ((header & LEAF_MATCH) == LEAF) {
          discardLeaf(child, <u32>(header >>> 32));
          slot -= 4;
          continue;
        }
        stuck = STUCK;
        break;
      }
      slot -= 4;
      const length = load<u32>(child, LIST_LENGTH);
      if (length) {
        let next = slot;
        while (next > items && !load<u32>(next - 4)) next -= 4;
        object = child;
        if (next > items) {
          link(gone, via, parent);
          via = slot;
          parent = gone;
        }
        items = <usize>load<u32>(child, LIST_ITEMS);
        slot = items + ((<usize>length) << 2);
        if (parent == gone) continue;
      } else gone = child;
    } else {
      object = parent;
      if (parent) {
        const header = load<u64>(parent);
        if (((<u32>(header >>> 32)) & META_TYPE) != TYPE_LIST) stuck = STUCK;
        slot = via;
        via = <usize>(<u32>header);
        parent = via ? <usize>load<u32>(via) : 0;
        items = <usize>load<u32>(object, LIST_ITEMS);
      }
    }
    const buffer = bufferAt(gone, LIST_ITEMS);
    if (buffer) giveBuffer(buffer);
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
  fewerYoung(dead);
  if (object) {
    link(object, via, parent);
    setWord(STATE_DEATH_SLOT, <u32>(slot | stuck));
  }
  return object;
}
