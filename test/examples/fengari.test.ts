import { describe, expect, test, vi } from "vitest";
import { createHeap, type HeapOptions } from "tallyheap";
import { assertNoLeaks, checkpoint, stress } from "tallyheap/testing";
import { loadLua } from "../../examples/fengari/fengari.js";
import { declareUpstream, upstreamFiles } from "./fengari-upstream.js";

const MIB = 2 ** 20;
const LONG = process.env["MODE"] === "long";

/** Runs a program of Lua, which asserts what it expects; nothing may be left of it. */
function run(source: string, interval = 0, options: HeapOptions = {}): void {
  const heap = createHeap({ maxBytes: 8 * MIB, ...options });
  const lua = loadLua(heap);
  const start = checkpoint(heap);
  stress(heap, interval);
  const error = lua.run(source);
  stress(heap, 0);
  expect(error).toBeUndefined();
  assertNoLeaks(start);
  heap.verify();
  lua.dispose();
}

describe.each([0, 1])("what fengari lacks, with a collection after one allocation in %i", (interval) => {
  test.each<[string, string]>([
    [
      "a finalizer runs once",
      `local n = 0
      do setmetatable({}, { __gc = function() n = n + 1 end }) end
      collectgarbage() collectgarbage()
      assert(n == 1)`,
    ],
    [
      "finalizers of one collection run in the reverse order of their metatables",
      `collectgarbage("stop")
      local log = {}
      local mt = { __gc = function(o) log[#log + 1] = o[1] end }
      for i = 1, 5 do setmetatable({ i }, mt) end
      collectgarbage()
      assert(table.concat(log) == "54321")
      collectgarbage("restart")`,
    ],
    [
      "a finalizer may resurrect, and be asked for again",
      `local saved
      local mt = { __gc = function(o) saved = o end }
      do setmetatable({ 7 }, mt) end
      collectgarbage() assert(saved[1] == 7)
      saved = nil collectgarbage() assert(saved == nil)
      do setmetatable({ 8 }, mt) end
      collectgarbage() assert(saved[1] == 8)
      setmetatable(saved, mt) saved = nil
      collectgarbage() assert(saved[1] == 8)`,
    ],
    [
      "an error in a finalizer is one of the program",
      `collectgarbage("stop")
      do setmetatable({}, { __gc = function() error("oops") end }) end
      local ok, message = pcall(collectgarbage)
      assert(not ok and message:find("error in __gc metamethod", 1, true) and message:find("oops"))
      collectgarbage("restart")`,
    ],
    [
      "the end of the state runs what finalizers are left",
      `kept = setmetatable({}, { __gc = function(o) assert(o == kept) kept = nil end })`,
    ],
    [
      "weak values",
      `local w = setmetatable({}, { __mode = "v" })
      local keep = {}
      w.gone, w[1], w.text, w.number, w.keep = {}, {}, "text", 5, keep
      collectgarbage()
      assert(w.gone == nil and w[1] == nil and w.text == "text" and w.number == 5 and w.keep == keep)
      local n = 0 for _ in pairs(w) do n = n + 1 end
      assert(n == 3)`,
    ],
    [
      "weak keys, whose values go with them",
      `local w, v = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "v" })
      local key = {}
      w[key], w.x = "kept", 1
      v[1] = {} w[{}] = v[1]
      collectgarbage()
      assert(w[key] == "kept" and v[1] == nil)
      key = nil collectgarbage()
      assert(next(w) == "x" and next(w, "x") == nil)`,
    ],
    [
      "a table becomes weak, and strong again",
      `local t = { {}, {}, a = {}, b = 1 }
      local first = t[1]
      setmetatable(t, { __mode = "v" })
      collectgarbage()
      assert(t[1] == first and t[2] == nil and t.a == nil and t.b == 1)
      setmetatable(t, nil) first = nil
      collectgarbage() assert(t[1])`,
    ],
    [
      "cycles through tables, closures and suspended coroutines",
      `local w = setmetatable({}, { __mode = "v" })
      do
        local ring = {} ring.self = ring
        local f f = function() return f end
        local co co = coroutine.create(function(...) local me = co coroutine.yield(...) return me end)
        coroutine.resume(co, ring)
        w.ring, w.f, w.co = ring, f, co
        collectgarbage()
        assert(w.ring == ring and w.f() == f and w.co == co)
        local ok, me = coroutine.resume(co) assert(ok and me == co)
        co = coroutine.create(function() local me = co coroutine.yield() return me end)
        coroutine.resume(co) w.co = co
      end
      collectgarbage()
      assert(w.ring == nil and w.f == nil and w.co == nil)`,
    ],
    [
      "what a suspended coroutine holds lives",
      `local co = coroutine.wrap(function(t)
        local u = { t }
        local up = { u }
        local f = function() return up end
        coroutine.yield()
        assert(u[1] == t and t.x == "x" and f()[1] == u)
        up = 5 coroutine.yield(f)
        assert(f() == 5)
      end)
      co { x = "x" } collectgarbage()
      local f = co() collectgarbage() assert(f() == 5) co()`,
    ],
    [
      "a message for a coroutine that does not run",
      `local co = coroutine.create(function() local a = {} f = function() return a end error("x") end)
      assert(not coroutine.resume(co))
      for i = 1, 3 do
        local ok, message = coroutine.resume(co, {}, {}, f)
        assert(not ok and message == "cannot resume dead coroutine" and f())
      end
      local function deeper(f) return coroutine.wrap(f)(f) end
      local ok, message = pcall(deeper, deeper)
      assert(not ok and message:find("stack overflow") and deeper)`,
    ],
    [
      "fields may be cleared during a traversal",
      `local t = { 1, 2, 3, a = 1, b = 2, [1.5] = 3, [{}] = 4, [print] = 5, [true] = 6, [2^53] = 7 }
      local n = 0
      for k in pairs(t) do n = n + 1 t[k] = nil end
      assert(n == 10 and next(t) == nil and #t == 0)
      assert(not pcall(next, {}, "absent") and not pcall(next, { 1, 2 }, 3))`,
    ],
    [
      "strings with the same digits are different keys",
      // fengari 0.1.5 takes them for one: its hash joins the bytes without padding.
      `local t = { ["\\1\\x23"] = 1 } assert(t["\\x12\\3"] == nil)
      assert("\\1\\x23" ~= "\\x12\\3")`,
    ],
  ])("%s", (_, source) => run(source, interval));
});

describe("memory", () => {
  test("a program that takes too much is told so, and goes on", () => {
    run(
      `local function hoard() local all = {} while true do all[#all + 1] = { #all } end end
      for i = 1, 2 do
        local ok, message = pcall(hoard)
        assert(not ok and message == "not enough memory")
        assert(#string.rep("x", 100000) == 100000)
      end
      local ok, message = pcall(string.rep, "x", 5000000)
      assert(not ok and message == "not enough memory")
      local co = coroutine.create(hoard)
      ok, message = coroutine.resume(co)
      assert(not ok and message == "not enough memory")`,
      0,
      { maxBytes: 4 * MIB },
    );
  });

  test("cycles that take more than the memory come and go by themselves", () => {
    run(
      `for i = 1, 3000 do
        local t = { string.rep("x", 2000) }
        t.f = function() return t end
      end`,
      0,
      { maxBytes: 4 * MIB },
    );
  });

  test("what finalizers are due is done while the program runs", () => {
    run(
      `local n = 0
      local mt = { __gc = function() n = n + 1 end }
      for i = 1, 5000 do setmetatable({}, mt) end
      assert(n > 0)`,
    );
  });

  test("wherever memory ends, nothing is lost", () => {
    const source = `
      local function fill()
        local all = {}
        for i = 1, 1e6 do
          local s = "key " .. i
          all[s] = { i, i + 0.5, function() return s end, coroutine.create(function() return all end) }
          setmetatable(all[s], { __gc = function() end, __mode = i % 2 == 0 and "k" or nil })
        end
      end
      assert(not pcall(fill))`;
    for (let kib = 1024; kib <= 1536; kib += 256)
      run(source, 0, { initialBytes: 512 * 1024, maxBytes: kib * 1024 });
  });

  test("two copies, each with a heap", () => {
    const heaps = [createHeap(), createHeap()];
    const copies = heaps.map((heap) => loadLua(heap));
    const [a, b] = copies as [ReturnType<typeof loadLua>, ReturnType<typeof loadLua>];
    expect(a.run("x = {} assert(#x == 0) y = 1")).toBeUndefined();
    expect(b.run("assert(y == nil)")).toBeUndefined();
    expect(a.run("error('no')")).toContain("no");
    for (const copy of copies) copy.dispose();
    for (const heap of heaps) heap.dispose();
  });
});

/** Of fengari's own tests, what takes no time; `npm run test:long` has all. */
const QUICK = [
  ...["lapi", "lbaselib", "lcorolib", "ldblib", "lstrlib", "ltm"].map((name) => `${name}.test.js`),
  ...["closure", "constructs", "events", "goto", "locals"].map((name) => `test-suite/${name}.test.js`),
];
const QUICK_UNDER_STRESS = ["lapi.test.js", "ltm.test.js", "lcorolib.test.js"];
/** Under stress: all of fengari's, and of Lua's suite those that do not take hours. */
const UNDER_STRESS =
  /^[a-z0-9]+\.test|^test-suite.(calls|closure|code|constructs|events|goto|locals|vararg)\.test/;

describe("fengari's own tests", () => {
  for (const file of LONG ? upstreamFiles() : QUICK) declareUpstream(file);
});

describe("fengari's own tests, with a collection after every allocation", () => {
  for (const file of LONG ? upstreamFiles().filter((name) => UNDER_STRESS.test(name)) : QUICK_UNDER_STRESS)
    declareUpstream(file, { stress: 1 });
});

test("the example runs", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await import("../../examples/fengari/main.js");
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  expect(lines.at(-1)).toBe("no object is left, heap.verify() passed");
});
