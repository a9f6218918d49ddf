import { ARENA_BYTES, GROWTH_CAP, GROWTH_FACTOR, GROWTH_FLOOR } from "../generated/layout.js";
import { optionError } from "./arguments.js";

/** How linear memory grows: by `memory · (factor − 1) + floorBytes`, but at most fourfold and by `capBytes`. */
export interface Growth {
  /** From 1 to 4. Default 1.5. */
  readonly factor?: number | undefined;
  /** Whole bytes up to 1 GiB, rounded up to arenas of 256 KiB. Default 3.75 MiB. */
  readonly floorBytes?: number | undefined;
  /** Whole bytes from 256 KiB to 4 GiB, rounded up to arenas of 256 KiB. Default 256 MiB. */
  readonly capBytes?: number | undefined;
}

/** The same as the core keeps it: (factor − 1) · 256, and arenas. */
export interface GrowthWords {
  readonly factor: number;
  readonly floor: number;
  readonly cap: number;
}

const NAMES: Readonly<Record<keyof Growth, true>> = { factor: true, floorBytes: true, capBytes: true };
/** Steps of the factor between one whole number and the next. */
const STEPS = 256;
const MAX_FACTOR = 4;
const MAX_FLOOR_BYTES = 2 ** 30;
const MAX_CAP_BYTES = 2 ** 32;

/**
 * The option, checked; where it leaves something out, as `defaults` say.
 * @throws HeapError `ERR_HEAP_ARGUMENT`
 */
export function readGrowth(
  value: unknown,
  defaults: GrowthWords = { factor: GROWTH_FACTOR, floor: GROWTH_FLOOR, cap: GROWTH_CAP },
): GrowthWords {
  if (value === undefined) return defaults;
  if (typeof value !== "object" || value === null) throw optionError("growth", value, "an object");
  for (const [name, part] of Object.entries(value)) {
    if (part === undefined || Object.hasOwn(NAMES, name)) continue;
    throw optionError(
      "growth",
      name,
      `an object with ${Object.keys(NAMES).join(", ")}, without other properties`,
    );
  }
  const { factor = 1 + defaults.factor / STEPS, floorBytes, capBytes } = value as Growth;
  if (!(typeof factor === "number" && factor >= 1 && factor <= MAX_FACTOR)) {
    const bounds = { minimum: 1, maximum: MAX_FACTOR };
    throw optionError("growth.factor", factor, `a number from 1 to ${MAX_FACTOR}`, bounds);
  }
  return {
    factor: Math.round((factor - 1) * STEPS),
    floor: arenas("growth.floorBytes", floorBytes, defaults.floor, 0, MAX_FLOOR_BYTES),
    cap: arenas("growth.capBytes", capBytes, defaults.cap, ARENA_BYTES, MAX_CAP_BYTES),
  };
}

function arenas(name: string, bytes: unknown, fallback: number, minimum: number, maximum: number): number {
  if (bytes === undefined) return fallback;
  if (Number.isInteger(bytes) && (bytes as number) >= minimum && (bytes as number) <= maximum) {
    return Math.ceil((bytes as number) / ARENA_BYTES);
  }
  throw optionError(name, bytes, `whole bytes from ${minimum} to ${maximum}`, { minimum, maximum });
}
