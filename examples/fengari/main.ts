// fengari, a Lua 5.3 in JavaScript, with its values in a heap of 8 MiB. Run it with: npm run example:fengari [FILE…]

import { readFileSync } from "node:fs";
import { createHeap } from "tallyheap";
import { assertNoLeaks, checkpoint } from "tallyheap/testing";
import { loadLua } from "./fengari.js";

const DEMO = `
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print("fib of 15:", fib(15))

local words = {}
for word in ("to be or not to be"):gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
print("tables:", words.to, words.be, words["not"])

local squares = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print("coroutines:", squares(), squares(), squares())

-- What fengari itself does not have:

local cache = setmetatable({}, { __mode = "v" })
cache.held = words
cache.ring = {}
cache.ring.self = cache.ring
do
  local co
  co = coroutine.create(function() coroutine.yield(co) end)
  coroutine.resume(co)
  cache.suspended = co
end
collectgarbage()
print("weak table:", cache.held == words, cache.ring, cache.suspended)

local log = {}
local mt = { __gc = function(object) log[#log + 1] = object.name end }
for _, name in ipairs { "first", "second", "third" } do setmetatable({ name = name }, mt) end
collectgarbage()
print("finalizers:", table.concat(log, " "))

local function hoard() local all = {} while true do all[#all + 1] = { #all } end end
print("out of memory:", pcall(hoard))
print("and all is well:", #string.rep("x", 10000))

for i = 1, 20000 do local t = {}; t.f = function() return t end end
print("20,000 cycles later:", collectgarbage("count") < 8 * 1024)
`;

const heap = createHeap({ maxBytes: 8 * 2 ** 20 });
const lua = loadLua(heap);
const start = checkpoint(heap);
const files = process.argv.slice(2);
for (const source of files.length > 0 ? files.map((file) => readFileSync(file)) : [DEMO]) {
  const error = lua.run(source);
  if (error !== undefined) {
    console.error(error);
    process.exitCode = 1;
  }
}
assertNoLeaks(start);
heap.verify();
lua.dispose();
console.log("no object is left, heap.verify() passed");
