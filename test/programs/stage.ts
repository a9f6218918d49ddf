import type { Heap, LeakReport, Ptr } from "../../bindings/index.js";
import { checkpoint, stress, type Checkpoint } from "../../bindings/testing.js";
import type { Build } from "../support/cores.js";
import type { Random } from "../support/random.js";
import { Blocks, Filling } from "./blocks.js";
import type { Holding } from "./holding.js";
import { KnownDict } from "./known-dict.js";
import { KnownList } from "./known-list.js";
import { meddle } from "./mischief.js";
import { Numbers } from "./numbers.js";
import { defineRecordTypes, type RecordTypes } from "./record-types.js";
import { OwnHandles, References } from "./references.js";
import type { Setting } from "./setting.js";
import { Watchers } from "./watchers.js";

/** What a step of a program may do, by name. */
export type Actions = Readonly<Record<string, (stage: Stage) => void>>;

/** Where a program runs: a heap, what the program owns of it, and what the heap told. */
export class Stage {
  readonly heap: Heap;
  readonly random: Random;
  readonly setting: Setting;
  readonly types: RecordTypes;

  readonly references: References;
  readonly handles: OwnHandles;
  readonly blocks: Blocks;
  readonly filling: Filling;
  readonly numbers: Numbers;
  readonly list: KnownList;
  readonly dict: KnownDict;
  readonly watchers: Watchers;
  /** All of the above. */
  readonly holdings: readonly Holding[];

  /** What was alive before the program began. */
  readonly start: Checkpoint;
  readonly unraisable: unknown[] = [];
  leak: LeakReport | undefined;
  /** Finalizers and callbacks that run now, one in the other. */
  depth = 0;
  /** A function that was given to heap.finalize is called by the program: nothing dies. */
  isCalling = false;

  constructor({ create }: Build, setting: Setting, random: Random) {
    const { maxBytes, smallThreshold, thresholds, poolBytes, clientBytes, hasPressure } = setting;
    this.random = random;
    this.setting = setting;
    this.heap = create({
      maxBytes,
      smallThreshold,
      thresholds: [...thresholds],
      clientBytes,
      ...(poolBytes !== null && { poolBytes }),
      ...(hasPressure && { onMemoryPressure: () => this.#makeRoom() }),
      onUnraisable: (error) => this.unraisable.push(error),
      onLeak: (report) => (this.leak = report),
    });
    const { heap } = this;
    this.types = defineRecordTypes(heap, random, (self) => meddle(this, self));
    this.references = new References(heap, random);
    this.handles = new OwnHandles(heap);
    this.blocks = new Blocks(heap);
    this.filling = new Filling(heap);
    this.numbers = new Numbers(heap, random);
    this.list = new KnownList(heap, random, this.references);
    this.dict = new KnownDict(heap, random, this.references);
    this.watchers = new Watchers(heap);
    const { references, handles, blocks, filling, numbers, list, dict, watchers } = this;
    this.holdings = [filling, references, handles, blocks, numbers, list, dict, watchers];
    if (setting.stress > 0) stress(heap, setting.stress);
    this.start = checkpoint(heap);
  }

  /** Runs `action` while a reference to `p` is held. */
  holding<T>(p: Ptr, action: () => T): T {
    this.heap.incref(p);
    try {
      return action();
    } finally {
      this.heap.decref(p);
    }
  }

  #makeRoom(): void {
    for (let i = this.random.below(4); i > 0; i--) {
      const block = this.blocks.any(this.random);
      if (block !== undefined) this.blocks.free(block);
    }
    if (this.random.chance(50)) this.references.drop();
  }
}
