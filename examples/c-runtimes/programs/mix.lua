-- A mix of what Lua programs do with memory: trees, strings, tables, closures. Prints a checksum of each part.

local state = 1
local function random(limit)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % limit
end

-- Trees: built from below, counted, thrown away.
local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end

local function count(node)
  if not node[1] then return 1 end
  return 1 + count(node[1]) + count(node[2])
end

local long_lived, nodes = tree(15), 0
for _ = 1, 40 do nodes = nodes + count(tree(12)) end
print("trees", nodes + count(long_lived))

-- Strings: short ones that are interned, longer ones that are not, patterns, and a buffer.
local words = {}
for i = 1, 60000 do words[i] = ("w%d"):format(random(20000)) .. ("x"):rep(random(60)) end
local seen, distinct = {}, 0
for _, word in ipairs(words) do
  if not seen[word] then seen[word], distinct = true, distinct + 1 end
end
local text = table.concat(words, " ")
local letters = 0
for number in text:gmatch("w(%d+)") do letters = letters + #number end
local replaced = text:gsub("x+", function(run) return #run end)
print("strings", distinct, #text, letters, #replaced)

-- Tables: records that come and go, arrays that grow, keys that are deleted.
local live, sum = {}, 0
for i = 1, 400000 do
  local slot = random(20000)
  local old = live[slot]
  if old then sum = (sum + old.weight * old.items[1]) % 1000003 end
  live[slot] = { weight = i % 97, name = i, items = { slot, i, old and old.name } }
  if i % 7 == 0 then live[random(20000)] = nil end
end
local sorted = {}
for slot in pairs(live) do sorted[#sorted + 1] = slot end
table.sort(sorted)
print("tables", sum, #sorted, sorted[#sorted // 2])

-- Closures: counters, pipelines, coroutines.
local function counter(start)
  local value = start
  return function(step)
    value = value + step
    return value
  end
end

local total = 0
for i = 1, 150000 do
  local next_value = counter(i)
  local twice = function(step) return next_value(step) + next_value(step) end
  total = (total + twice(i % 5)) % 1000003
end
for i = 1, 3000 do
  local generator = coroutine.wrap(function()
    for step = 1, 5 do coroutine.yield({ step * i }) end
  end)
  for _ = 1, 5 do total = (total + generator()[1]) % 1000003 end
end
local failures = 0
for i = 1, 20000 do
  if not pcall(error, { code = i }) then failures = failures + 1 end
end
print("closures", total, failures)
