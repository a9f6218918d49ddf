// What is static: function objects, constant arrays and strings, and globals that begin as these and then hold objects
// of the heap; and what goes wrong with words.

type Step = (value: string) => string;

class Machine {
  static count: Array<string> = ["static"];
  steps: Step[] = [];
  onDone: ((machine: Machine) => string) | null = null;
  run(text: string): string {
    for (let i = 0; i < this.steps.length; i++) text = this.steps[i](text);
    const done = this.onDone;
    return done ? text + done(this) : text;
  }
}

const words: string[] = ["zero", "one", "two"];
const table: StaticArray<Step> = [(value: string) => value + "a", (value: string) => value + "b"];
let last: Machine | null = null;

abstract class Shape {
  abstract name(): string;
}
class Square extends Shape {
  constructor(private side: i32) {
    super();
  }
  name(): string {
    return "square " + this.side.toString();
  }
}
class Circle extends Shape {
  label: string = "circle " + Machine.count.length.toString();
  name(): string {
    return this.label;
  }
}

export function functions(rounds: i32): i32 {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const machine = new Machine();
    machine.steps.push(table[round & 1]);
    machine.steps.push((value) => value + words[2]);
    machine.onDone = (self) => self.steps.length.toString();
    const text = machine.run(round.toString());
    assert(text == round.toString() + (round & 1 ? "b" : "a") + words[2] + "2");
    // A static array that comes to hold what lies in the heap.
    words[2] = round % 10 ? words[2] : "two " + round.toString();
    Machine.count.push(words[round % 3]);
    if (Machine.count.length > 50) Machine.count = [round.toString()];
    last = machine;
    const shape: Shape = round & 1 ? new Square(round) : new Circle();
    assert(shape.name().endsWith((round & 1 ? round : Machine.count.length).toString()));
    total += text.length;
  }
  assert(last!.steps.length == 2 && words[0] == "zero");
  words[2] = "two";
  return total;
}

/** Aborts with a text that was made a moment ago. */
export function fail(number: i32): i32 {
  const held = [number.toString()];
  if (number > 0) throw new RangeError("failed with " + held.join());
  return held.length;
}
