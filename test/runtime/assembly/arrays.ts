// Arrays, static arrays, and the buffers behind them, which grow, move, and pass 32 KiB.

class Item {
  constructor(public value: i32) {}
}

export function arrays(rounds: i32): i32 {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const items: Item[] = [];
    for (let i = 0; i < round % 40; i++) items.push(new Item(i));
    items.reverse();
    items.unshift(new Item(-1));
    assert(items.length == (round % 40) + 1 && items[0].value == -1);
    const doubled = items.map<Item>((item) => new Item(item.value * 2));
    const even = doubled.filter((item) => item.value % 4 == 0);
    assert(doubled.every((item, i, all) => all.length > i));
    assert(even.reduce<i32>((sum, item) => sum + (item.value % 4), 0) == 0);
    doubled.sort((a, b) => a.value - b.value);
    for (let i = 1; i < doubled.length; i++) assert(doubled[i - 1].value <= doubled[i].value);
    const nested: Item[][] = [items, doubled, even];
    assert(nested.flat().length == items.length + doubled.length + even.length);
    const some = items.concat(doubled).slice(1, 3);
    const spliced = items.splice(0, 1);
    assert(spliced[0].value == -1 && some.length <= 2);
    const last = items.length ? items.pop().value : 0;
    assert(items.includes(spliced[0]) == false && last >= 0);
    total += nested.length + items.length;
  }
  return total + large() + fixed(rounds);
}

/** Of more than a span, so that its buffer grows where it is or is copied. */
function large(): i32 {
  const numbers: i32[] = [];
  const texts: string[] = [];
  for (let i = 0; i < 60_000; i++) {
    numbers.push(i);
    if (i % 8 == 0) texts.push(i.toString());
  }
  for (let i = 0; i < 60_000; i++) assert(numbers[i] == i);
  for (let i = 0; i < texts.length; i++) assert(texts[i] == (i * 8).toString());
  const holes = new Array<Item | null>(20_000);
  for (let i = 0; i < holes.length; i++) assert(holes[i] == null);
  holes[19_999] = new Item(7);
  assert(holes[19_999]!.value == 7);
  return texts.length;
}

function fixed(rounds: i32): i32 {
  let last = new StaticArray<Item | null>(3);
  for (let round = 0; round < rounds; round++) {
    const cells = new StaticArray<Item | null>((round % 30) + 1);
    assert(cells[round % 30] == null);
    cells[round % 30] = new Item(round);
    const copy = StaticArray.fromArray<Item | null>([last[0], cells[round % 30]]);
    assert(copy[1]!.value == round);
    last = cells;
    last[0] = copy[1];
  }
  return last.length;
}
