import { elements, type World } from "./world.js";

/** The text of a value as `display` shows it, or with quotes as `write` does. Makes and releases nothing. */
export function show<V>(world: World<V>, value: V, quoted = true): string {
  /** The containers around the present one: a value inside itself is shown as "...". */
  const around = new Set<V>();
  const within = (container: V, text: () => string): string => {
    if (around.has(container)) return "...";
    around.add(container);
    try {
      return text();
    } finally {
      around.delete(container);
    }
  };
  const one = (object: V): string => {
    const type = world.typeOf(object);
    switch (type) {
      case "boolean":
        return world.isTrue(object) ? "#t" : "#f";
      case "integer":
        return String(world.intValue(object));
      case "real": {
        const number = world.floatValue(object);
        return Number.isInteger(number) ? number.toFixed(1) : String(number);
      }
      case "string":
        return quoted ? JSON.stringify(world.text(object)) : world.text(object);
      case "symbol":
        return world.symbolName(object);
      case "empty list":
        return "()";
      case "pair":
        return within(object, () => pairs(object));
      case "vector":
        return within(object, () => {
          const length = world.vectorLength(object);
          return `#(${Array.from({ length }, (_, i) => one(world.vectorRef(object, i))).join(" ")})`;
        });
      case "hash table":
        return `#<hash-table of ${world.tableSize(object)}>`;
      case "error object": {
        const details = elements(world, world.irritants(object)).map(one);
        return [world.text(world.conditionMessage(object)), ...details].join(" ");
      }
      case "closure": {
        const { name } = world.codeOf(object)!;
        return `#<procedure${name === "" ? "" : ` ${name}`}>`;
      }
      default:
        return `#<${type}>`;
    }
  };
  const pairs = (list: V): string => {
    const parts: string[] = [];
    const seen = new Set<V>();
    let rest = list;
    for (; world.isPair(rest); rest = world.cdr(rest)) {
      if (seen.has(rest)) return `(${parts.join(" ")} ...)`;
      seen.add(rest);
      parts.push(one(world.car(rest)));
    }
    if (rest !== world.empty) parts.push(".", one(rest));
    return `(${parts.join(" ")})`;
  };
  return one(value);
}
