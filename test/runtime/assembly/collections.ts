// Map and Set: entries in buffers of their own, which the collections themselves visit.

class Key {
  constructor(public value: i32) {}
}

export function collections(rounds: i32): i32 {
  const byText = new Map<string, Key>();
  const byKey = new Map<Key, string>();
  const seen = new Set<string>();
  const keys: Key[] = [];
  for (let round = 0; round < rounds; round++) {
    const text = "key " + (round % 97).toString();
    byText.set(text, new Key(round));
    seen.add(text + "!");
    const key = new Key(round);
    keys.push(key);
    byKey.set(key, round.toString());
    if (round % 3 == 0) assert(byKey.delete(keys[round / 2]) == !keysGone(keys, round / 2));
    if (round % 3 == 0) keys[round / 2] = new Key(-1);
    assert(byText.get(text).value == round);
  }
  assert(byText.size == min(rounds, 97) && seen.size == byText.size);
  const values = byText.values();
  for (let i = 0; i < values.length; i++) assert(values[i].value >= rounds - 97);
  const texts = seen.values();
  for (let i = 0; i < texts.length; i++) assert(seen.has(texts[i]) && byText.has(texts[i].slice(0, -1)));
  for (let i = 0; i < keys.length; i++) {
    if (keys[i].value >= 0) assert(byKey.get(keys[i]) == i.toString());
  }
  const left = byKey.size;
  byKey.clear();
  seen.clear();
  assert(byKey.size == 0 && seen.size == 0);
  return left + nested(rounds);
}

function keysGone(keys: Key[], index: i32): bool {
  return keys[index].value < 0;
}

/** Maps of arrays of maps. */
function nested(rounds: i32): i32 {
  const outer = new Map<i32, Map<string, i32>[]>();
  for (let round = 0; round < rounds; round++) {
    const inner = new Map<string, i32>();
    inner.set(round.toString(), round);
    if (!outer.has(round % 10)) outer.set(round % 10, []);
    outer.get(round % 10).push(inner);
    if (round % 100 == 99) outer.delete(round % 10);
  }
  let count = 0;
  const groups = outer.values();
  for (let i = 0; i < groups.length; i++) {
    for (let j = 0; j < groups[i].length; j++) {
      const inner = groups[i][j];
      const key = inner.keys()[0];
      assert(inner.get(key).toString() == key);
      count++;
    }
  }
  return count;
}
