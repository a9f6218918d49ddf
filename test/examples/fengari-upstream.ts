import { createRequire } from "node:module";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHeap, type Ptr } from "tallyheap";
import { assertNoLeaks, checkpoint, stress } from "tallyheap/testing";
import { loadLua, type Lua } from "../../examples/fengari/fengari.js";
import { patchedFengari } from "../../examples/fengari/patched.js";
import { NIL, STRING, type LuaState, type TValue } from "../../examples/fengari/types.js";

const require = createRequire(import.meta.url);
const MIB = 2 ** 20;
const here = process.cwd();

/** Files of fengari's own test suite, as its package has them. */
export function upstreamFiles(): string[] {
  const directory = join(patchedFengari(), "test");
  return ["", "test-suite"].flatMap((folder) =>
    readdirSync(join(directory, folder))
      .filter((name) => name.endsWith(".test.js"))
      .map((name) => join(folder, name)),
  );
}

/** Tests that compare the order of entries in fengari's own Map: in the port, 1 … n are a list and in order. */
const ORDER_OF_A_MAP: Readonly<Record<string, readonly string[]>> = {
  "lexparse.test.js": ["Long SETLIST"],
  "ltablib.test.js": ["table.pack"],
  "lvm.test.js": ["SETLIST", "Variable SETLIST", "Long SETLIST"],
};

export interface UpstreamOptions {
  /** A collection after every so manieth allocation; 0: only when thresholds are passed. */
  readonly stress?: number;
  readonly maxBytes?: number;
}

/** Some tests look into fengari's own tables, which have a Map `strong` of entries. */
function showTables({ store, internals }: Lua): void {
  Object.defineProperty(store.Address.prototype, "strong", {
    configurable: true,
    get(this: { id: Ptr }) {
      const entries = new Map<unknown, { key: TValue; value: TValue }>();
      const L = {} as LuaState;
      let key: TValue = new internals.TValue(NIL, null);
      for (let entry; (entry = store.next(L, this.id, key)) !== undefined;) {
        [key] = entry;
        const isString = (key.type & 15) === (STRING & 15);
        const hash = isString ? internals.luaS_hash(store.bytes(key.value as Ptr)) : key.value;
        entries.set(hash, { key, value: entry[1] });
      }
      return entries;
    },
  });
}

/**
 * Declares the tests of a file, each on the patched fengari with a heap under a limit: it must pass, and leave nothing
 * behind when the states it opened are closed.
 */
export function declareUpstream(file: string, options: UpstreamOptions = {}): void {
  const directory = patchedFengari();
  const path = join(directory, "test", file);
  if (!existsSync(path)) throw new Error(`no such file: ${path}`);
  // Vitest calls the bodies of describe later: what the file requires has to be there then.
  describe(file, () => {
    const heap = createHeap({ maxBytes: options.maxBytes ?? 64 * MIB });
    const port = loadLua(heap, directory);
    showTables(port);
    const checked = (name: string, body: () => unknown): void => {
      test.skipIf(ORDER_OF_A_MAP[file]?.includes(name))(name, async () => {
        const start = checkpoint(heap);
        stress(heap, options.stress ?? 0);
        try {
          await body();
        } finally {
          stress(heap, 0);
          port.closeStates();
        }
        assertNoLeaks(start);
        heap.verify();
      });
    };
    const within = (name: string, body: () => void): void => {
      describe(name, () => {
        Object.assign(globalThis, globals);
        body();
      });
    };
    const globals = { describe: within, expect, test: Object.assign(checked, { skip: test.skip }) };
    Object.assign(globalThis, globals);
    require(path);
    const modules = Object.entries(require.cache).filter(([name]) => name.startsWith(directory));
    beforeAll(() => {
      // Some of them read files beside them, and require more of the copy they belong to.
      process.chdir(directory);
      // What a test loaded then belongs to the copy of an earlier file, and to its heap.
      for (const name of Object.keys(require.cache))
        if (name.startsWith(directory)) Reflect.deleteProperty(require.cache, name);
      for (const [name, module] of modules) require.cache[name] = module;
    });
    afterAll(() => process.chdir(here));
  });
}
