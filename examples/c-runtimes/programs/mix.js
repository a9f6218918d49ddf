// A mix of what JavaScript programs do with memory, in the language of ECMAScript 5: trees, strings, objects, closures.

var state = 1;
function random(limit) {
  state = (state * 1103515 + 12345) % 2147483647;
  return Math.floor(state / 64) % limit;
}

// Trees: built from below, counted, thrown away.
function tree(depth) {
  return depth === 0 ? { left: null, right: null } : { left: tree(depth - 1), right: tree(depth - 1) };
}

function count(node) {
  return node === null ? 0 : 1 + count(node.left) + count(node.right);
}

var longLived = tree(13);
var nodes = 0;
for (var round = 0; round < 24; round++) nodes += count(tree(10));
print("trees", nodes + count(longLived));

// Strings: concatenation, splitting, regular expressions, JSON.
var words = [];
for (var i = 0; i < 12000; i++) words.push("w" + random(5000) + new Array(1 + random(12)).join("x"));
var text = words.join(" ");
var seen = {};
var distinct = 0;
text.split(" ").forEach(function (word) {
  if (!seen.hasOwnProperty(word)) {
    seen[word] = true;
    distinct++;
  }
});
var replaced = text.replace(/x+/g, function (run) {
  return "" + run.length;
});
var parsed = JSON.parse(JSON.stringify({ words: words.slice(0, 3000) }));
print("strings", distinct, text.length, replaced.length, parsed.words.length);

// Objects: records that come and go, arrays that grow, properties that are deleted.
var live = {};
var sum = 0;
for (i = 0; i < 60000; i++) {
  var slot = random(4000);
  var old = live["s" + slot];
  if (old) sum = (sum + old.weight * old.items[0]) % 1000003;
  live["s" + slot] = { weight: i % 97, items: [slot, i] };
  if (i % 7 === 0) delete live["s" + random(4000)];
}
var sorted = Object.keys(live).sort();
print("objects", sum, sorted.length, sorted[Math.floor(sorted.length / 2)]);

// Closures and exceptions.
function counter(start) {
  var value = start;
  return function (step) {
    return (value += step);
  };
}
var total = 0;
for (i = 0; i < 40000; i++) {
  var next = counter(i);
  total = (total + next(i % 5) + next(1)) % 1000003;
}
var failures = 0;
for (i = 0; i < 10000; i++) {
  try {
    throw { code: i };
  } catch (error) {
    failures += error.code % 3;
  }
}
print("closures", total, failures);
