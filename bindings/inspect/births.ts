import { OBJECT_FUNCTIONS } from "../generated/exports.js";
import { ARENA_BYTES, ARENA_SHIFT, DEBUG_PREFIX } from "../generated/layout.js";
import type { ObjectExports } from "../core/abi.js";
import type { Core } from "../core/core.js";
import type { AbiWrapper, CoreWrapper } from "../core/lifecycle.js";

/** Functions of the core that give a new object; some of them give a known one now and then, whose count is not 1. */
const MAKING = /^(alloc|\w+_(new|from|slice)|(?!dict_set)\w+_quick)$/;

/** Blocks start at multiples of 8. */
const UNIT_SHIFT = 3;

/** Addresses at which objects and blocks were made: a bit for every 8 bytes of the arenas that had any. */
export class Births {
  readonly #arenas: (Uint8Array | undefined)[] = [];

  add(address: number): void {
    const bits = (this.#arenas[address >>> ARENA_SHIFT] ??= new Uint8Array(ARENA_BYTES >>> (UNIT_SHIFT + 3)));
    const unit = (address & (ARENA_BYTES - 1)) >>> UNIT_SHIFT;
    bits[unit >>> 3]! |= 1 << (unit & 7);
  }

  has(address: number): boolean {
    const bits = this.#arenas[address >>> ARENA_SHIFT];
    const unit = (address & (ARENA_BYTES - 1)) >>> UNIT_SHIFT;
    return bits !== undefined && ((bits[unit >>> 3]! >>> (unit & 7)) & 1) === 1;
  }

  clear(): void {
    this.#arenas.length = 0;
  }
}

/** Wraps what makes objects, so that `made` hears of each of them. `isWanted` says which functions are wrapped. */
export function observeObjects(
  made: (p: number) => void,
  isWanted: (name: string) => boolean = () => true,
): AbiWrapper {
  return (abi, { linear }) => {
    const wrapped: Record<string, unknown> = { ...abi };
    for (const name of OBJECT_FUNCTIONS) {
      if (!MAKING.test(name) || !isWanted(name)) continue;
      const make = abi[name] as (a: never, b: never) => number;
      wrapped[name] = (a: never, b: never) => {
        const p = make(a, b) >>> 0;
        if (p !== 0 && linear.word(p) === 1) made(p);
        return p;
      };
    }
    return wrapped as unknown as ObjectExports;
  };
}

/** Wraps what makes objects and raw blocks, so that their addresses are noted. */
export function recordBirths(births: Births): CoreWrapper {
  return {
    abi: observeObjects((p) => births.add(p)),
    malloc: (calls, core) => {
      const note = (p: number): number => {
        if (p !== 0) births.add(blockOf(core, p >>> 0));
        return p;
      };
      return {
        ...calls,
        malloc: (size) => note(calls.malloc(size)),
        calloc: (count, size) => note(calls.calloc(count, size)),
        realloc: (ptr, size) => {
          const moved = calls.realloc(ptr, size);
          return moved === ptr ? moved : note(moved);
        },
        alignedAlloc: (alignment, size) => note(calls.alignedAlloc(alignment, size)),
      };
    },
  };
}

/** The block that the core has for what the host got: in the debug core guards stand before that. */
function blockOf(core: Core, p: number): number {
  return core.kind === "debug" ? p - core.linear.word(p - DEBUG_PREFIX) : p;
}
