import type { Thresholds } from "../../bindings/index.js";
import { MIB } from "../support/cores.js";
import type { Random } from "../support/random.js";

/** The heap that a program runs on. */
export interface Setting {
  readonly maxBytes: number;
  readonly smallThreshold: 256 | 512;
  readonly thresholds: Thresholds;
  readonly poolBytes: number | null;
  readonly clientBytes: number;
  /** Does onMemoryPressure free something? */
  readonly hasPressure: boolean;
  /** A forced collection after every so manieth call that may allocate; 0: none. */
  readonly stress: number;
  /** Is heap.raw used? Then the heap cannot move to another memory. */
  readonly isShared: boolean;
}

const UNLIMITED = 2 ** 32;

export function randomSetting(random: Random): Setting {
  return {
    maxBytes: random.pick([MIB, 2 * MIB, 3 * MIB, UNLIMITED]),
    smallThreshold: random.pick([256, 512]),
    thresholds: randomThresholds(random),
    poolBytes: random.chance(30) ? random.pick([65_536, 262_144]) : null,
    clientBytes: random.chance(20) ? 100_000 : 0,
    hasPressure: random.chance(30),
    stress: random.chance(30) ? random.pick([1, 3, 20]) : 0,
    isShared: random.chance(20),
  };
}

export function randomThresholds(random: Random): Thresholds {
  return random.pick<Thresholds>([
    [2000, 10, 10],
    [100, 5, 5],
    [20, 2, 2],
    [1, 1, 1],
    [0, 0, 0],
  ]);
}
