import { Collector } from "../collector/collector.js";
import type { Core, CoreHooks } from "../core/core.js";
import type { Engine } from "../core/lifecycle.js";
import type { Ptr } from "../core/ptr.js";
import { Counts } from "./access/counts.js";
import { Dicts } from "./values/dicts.js";
import { Fields } from "./access/fields.js";
import { Finalizers } from "./weak/finalizers.js";
import { Handles } from "./ownership/handles.js";
import { Items } from "./access/items.js";
import { Survey } from "./ownership/leaks.js";
import { Lists } from "./values/lists.js";
import { Numbers } from "./values/numbers.js";
import { Space } from "./access/object-memory.js";
import { Strs } from "./values/strs.js";
import { Tuples } from "./values/tuples.js";
import { Types } from "./types/types.js";
import { Values } from "./values/values.js";
import { Watches } from "./weak/watches.js";
import { Weakrefs } from "./weak/weakrefs.js";

/** The object layer of one heap, a part for each noun. */
export interface Parts {
  readonly space: Space;
  readonly types: Types;
  readonly counts: Counts;
  readonly fields: Fields;
  readonly items: Items;
  readonly numbers: Numbers;
  readonly values: Values;
  readonly lists: Lists;
  readonly dicts: Dicts;
  readonly tuples: Tuples;
  readonly strs: Strs;
  readonly weakrefs: Weakrefs;
  readonly finalizers: Finalizers;
  readonly handles: Handles;
  readonly collector: Collector;
  readonly survey: Survey;
  readonly watches: Watches;
}

/** Puts the parts together, and lets the core call them. */
export function assemble(engine: Engine, core: Core): Parts {
  const space = new Space(engine, (core) => {
    space.begun(core.exports.objects_start());
    types.start();
    collector.start();
  });
  const types = new Types(space);
  const counts = new Counts(space);
  const numbers = new Numbers(space);
  const strs = new Strs(space);
  const dicts = new Dicts(space);
  const handles = new Handles(space, counts, types);
  const weakrefs = new Weakrefs(space, counts, types);
  const finalizers = new Finalizers(space);
  const collector = new Collector(space, types, counts);
  connect(core.hooks, engine, types, weakrefs, finalizers, collector);
  return {
    space,
    types,
    counts,
    fields: new Fields(space, counts, types),
    items: new Items(space, counts, types),
    numbers,
    values: new Values(space, counts, numbers, strs, dicts),
    lists: new Lists(space, counts),
    dicts,
    tuples: new Tuples(space),
    strs,
    weakrefs,
    finalizers,
    handles,
    collector,
    survey: new Survey(space, types, handles),
    watches: new Watches(space, counts, weakrefs),
  };
}

/** Lets the core's calls reach the parts. Whatever happens, nothing is thrown back into the core. */
function connect(
  hooks: CoreHooks,
  engine: Engine,
  types: Types,
  weakrefs: Weakrefs,
  finalizers: Finalizers,
  collector: Collector,
): void {
  hooks.finalize = (object, type) => {
    try {
      if (type === 0) return finalizers.died(object as Ptr);
      const finalizer = types.finalizer(type);
      if (finalizer) engine.call(() => finalizer(object as Ptr));
    } catch (error) {
      engine.report(error);
    }
  };
  hooks.callback = (weakref, token) => {
    try {
      weakrefs.run(weakref as Ptr, token);
    } catch (error) {
      engine.report(error);
    }
  };
  // Compiled now: where the stack is nearly used up, an engine has no room to compile what it meets for the first time.
  hooks.finalize(0, 0);
  hooks.callback(0, 0);
  engine.warm();
  hooks.collection = (phase, subject) => {
    try {
      collector.hear(phase, subject);
    } catch (error) {
      engine.report(error);
    }
  };
}
