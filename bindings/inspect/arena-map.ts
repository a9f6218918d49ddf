import * as layout from "../generated/layout.js";
import { eachFreeBlock, stateWord, walkPages, type HeapMemory, type PoolPage } from "./pages.js";

/** What some neighbouring pages are used for. */
export interface PageUse {
  /** `pool`: blocks of one size; `span`: one large block; `table`: what the heap knows of an arena's pages. */
  readonly kind: "pool" | "span" | "table";
  /** Of the first page. */
  readonly address: number;
  /** Pages of 4 KiB, a count: 1 unless it is a span. */
  readonly pages: number;
  /** Whose blocks they are: raw bytes, objects that cannot be in a cycle, containers. */
  readonly domain: "raw" | "object" | "container";
  /** Bytes of a block; 0 of a table. */
  readonly blockBytes: number;
  /** Blocks that are handed out, and those that start in the page, counts. */
  readonly live: number;
  readonly capacity: number;
}

/** The arenas of a heap at one moment: plain numbers, in address order. */
export interface ArenaMap {
  /** 256 KiB, and 4 KiB. */
  readonly arenaBytes: number;
  readonly pageBytes: number;
  /** Addresses of the arenas in use, those that huge spans take whole included. */
  readonly arenas: readonly number[];
  /** Pages in use; the others of these arenas are free. */
  readonly uses: readonly PageUse[];
}

const DOMAIN_NAMES = ["raw", "object", "container"] as const;

/** Reads which pages of which arenas are used, and for what. */
export function readArenaMap(memory: HeapMemory): ArenaMap {
  const uses: PageUse[] = [];
  const add = (
    kind: PageUse["kind"],
    address: number,
    domain: number,
    rest: Pick<PageUse, "pages" | "blockBytes" | "live" | "capacity">,
  ): void => void uses.push({ kind, address, domain: DOMAIN_NAMES[domain] ?? "raw", ...rest });
  walkPages(memory, {
    pool: (pool) => {
      const { page, domain, stride, capacity } = pool;
      add("pool", page, domain, { pages: 1, blockBytes: stride, live: countLive(memory, pool), capacity });
    },
    span: (start, domain, bytes) => {
      const pages = bytes / layout.PAGE_BYTES;
      add("span", start, domain, { pages, blockBytes: bytes, live: 1, capacity: 1 });
    },
    table: (page) => add("table", page, 0, { pages: 1, blockBytes: 0, live: 0, capacity: 0 }),
  });
  return {
    arenaBytes: layout.ARENA_BYTES,
    pageBytes: layout.PAGE_BYTES,
    arenas: usedArenas(memory),
    uses,
  };
}

function countLive(memory: HeapMemory, pool: PoolPage): number {
  let live = pool.carved;
  eachFreeBlock(memory, pool, () => live--);
  return live;
}

function usedArenas(memory: HeapMemory): number[] {
  const arenas: number[] = [];
  const end = stateWord(memory, layout.STATE_FRONTIER);
  for (let number = stateWord(memory, layout.STATE_FIRST); number < end; number++) {
    const entry = stateWord(memory, layout.STATE_MAP + number * 4);
    if (entry >= layout.ARENA_PAGED || entry === layout.ARENA_TAIL) arenas.push(number * layout.ARENA_BYTES);
  }
  return arenas;
}
