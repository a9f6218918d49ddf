import type { Ptr } from "tallyheap";
import type { World } from "./world.js";

/** The text of a value as `display` shows it, or with quotes as `write` does. Borrows `value`. */
export function show(world: World, value: Ptr, quoted = true): string {
  const { heap } = world;
  /** The containers around the present one: a value inside itself is shown as "...". */
  const around = new Set<Ptr>();
  const within = (container: Ptr, text: () => string): string => {
    if (around.has(container)) return "...";
    around.add(container);
    try {
      return text();
    } finally {
      around.delete(container);
    }
  };
  const one = (object: Ptr): string => {
    const name = world.typeName(object);
    switch (name) {
      case "NoneType":
        return "#<unspecified>";
      case "bool":
        return object === heap.true ? "#t" : "#f";
      case "int":
        return String(heap.toJS(object));
      case "float": {
        const number = heap.toJS(object) as number;
        return Number.isInteger(number) ? number.toFixed(1) : String(number);
      }
      case "str": {
        const text = heap.strs.toJS(object);
        return quoted ? JSON.stringify(text) : text;
      }
      case "symbol":
        return world.symbolName(object);
      case "tuple":
        return "()";
      case "pair":
        return within(object, () => pairs(object));
      case "list":
        return within(object, () => {
          const items = Array.from({ length: heap.lists.length(object) }, (_, i) =>
            one(heap.lists.get(object, i)),
          );
          return `#(${items.join(" ")})`;
        });
      case "dict":
        return `#<hash-table of ${heap.dicts.size(object)}>`;
      case "condition": {
        const { message, irritants } = world.types.condition.fields;
        const details = world.elements(heap.getRef(object, irritants)).map(one);
        return [heap.strs.toJS(heap.getRef(object, message)), ...details].join(" ");
      }
      case "closure": {
        const named = heap.getRef(object, world.types.closure.fields.name);
        return `#<procedure${named ? ` ${world.symbolName(named)}` : ""}>`;
      }
      default:
        return `#<${name === "weakref" ? "weak-box" : name}>`;
    }
  };
  const pairs = (list: Ptr): string => {
    const parts: string[] = [];
    const seen = new Set<Ptr>();
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
