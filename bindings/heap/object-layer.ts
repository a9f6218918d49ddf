import { STATE_TAGGED } from "../generated/layout.js";
import { Collector } from "../collector/collector.js";
import type { Core } from "../core/core.js";
import type { Lifecycle } from "../core/lifecycle.js";
import type { Ptr } from "../core/ptr.js";
import { Inspection } from "../inspect/inspection.js";
import { Counts } from "../objects/access/counts.js";
import { ObjectCalls } from "../objects/access/object-calls.js";
import { ObjectMemory } from "../objects/access/object-memory.js";
import { ExternalBytes } from "../objects/ownership/external-bytes.js";
import { ZeroCounts } from "../objects/access/zero-counts.js";
import { Deferral } from "../objects/ownership/deferral.js";
import { Handles } from "../objects/ownership/handles.js";
import { HostReferences } from "../objects/ownership/host-references.js";
import { Leaks } from "../objects/ownership/leaks.js";
import { OwnedBlocks } from "../objects/ownership/owned-blocks.js";
import { Types } from "../objects/types/types.js";
import { Profiler } from "../profile/profiler.js";
import { Dicts } from "../objects/values/dicts.js";
import { Items } from "../objects/values/items.js";
import { Lists } from "../objects/values/lists.js";
import { Ranges } from "../objects/values/ranges.js";
import { Numbers } from "../objects/access/numbers.js";
import { Strs } from "../objects/values/strs.js";
import { Tuples } from "../objects/values/tuples.js";
import { Values } from "../objects/values/values.js";
import { Finalizers } from "../objects/weak/finalizers.js";
import { Watches } from "../objects/weak/watches.js";
import { Weakrefs } from "../objects/weak/weakrefs.js";

/** The object layer of one heap, a part for each noun. */
export type ObjectLayer = ReturnType<typeof makeObjectLayer>;

/** Puts the object layer of a heap together, and lets the core call it. */
export function makeObjectLayer(lifecycle: Lifecycle, core: Core) {
  const memory = new ObjectMemory(lifecycle);
  const calls = new ObjectCalls(lifecycle);
  const types = new Types(memory, calls);
  const zeros = new ZeroCounts(lifecycle);
  const numbers = new Numbers(lifecycle, memory.tag);
  const counts = new Counts(memory, calls, zeros, numbers);
  const strs = new Strs(memory, calls);
  const dicts = new Dicts(memory, calls);
  const handles = new Handles(memory, counts, types);
  const weakrefs = new Weakrefs(memory, calls, counts, types);
  const externalBytes = new ExternalBytes(memory, calls);
  const references = new HostReferences(memory, calls, types);
  const finalizers = new Finalizers(memory);
  const profiler = new Profiler(lifecycle, types, finalizers);
  const layer = {
    memory,
    calls,
    types,
    counts,
    items: new Items(memory, calls, counts, types),
    numbers,
    ranges: new Ranges(memory, counts),
    values: new Values(memory, calls, counts, numbers, strs, dicts),
    lists: new Lists(memory, calls, counts),
    dicts,
    tuples: new Tuples(memory),
    strs,
    weakrefs,
    externalBytes,
    finalizers,
    ownedBlocks: new OwnedBlocks(memory, calls),
    profiler,
    handles,
    references,
    deferral: new Deferral(memory, calls, counts, references),
    collector: new Collector(memory, calls, types, counts, references),
    leaks: new Leaks(memory, types, handles, externalBytes),
    watches: new Watches(counts, weakrefs),
    inspection: new Inspection(memory, types, handles, (address) => profiler.siteAt(address)),
  };
  lifecycle.makesObjectLayerBy(() => {
    calls.requireStarted(calls.abi.objects_start());
    if (memory.tag !== 0) lifecycle.started().setState(STATE_TAGGED, 1);
    types.start();
    layer.collector.start();
    references.start();
  });
  connect(core, lifecycle, layer);
  return layer;
}

/** Lets the core's calls reach the object layer. Whatever happens, nothing is thrown back into the core. */
function connect(
  { hooks }: Core,
  { callbacks }: Lifecycle,
  { types, counts, weakrefs, finalizers, externalBytes, collector, references }: ObjectLayer,
): void {
  hooks.finalize = (object, type) => {
    try {
      if (type === 0) {
        externalBytes.died(object as Ptr);
        return finalizers.died(object as Ptr);
      }
      const finalizer = types.finalizer(type);
      if (finalizer) callbacks.run(() => finalizer(object as Ptr));
    } catch (error) {
      callbacks.report(error);
    }
  };
  hooks.callback = (weakref, token) => {
    try {
      weakrefs.run(weakref as Ptr, token);
    } catch (error) {
      callbacks.report(error);
    }
  };
  // Compiled now: where the stack is nearly used up, an engine has no room to compile what it meets for the first time.
  hooks.finalize(0, 0);
  hooks.callback(0, 0);
  callbacks.warm();
  hooks.roots = () => Number(references.visitRoots());
  hooks.traverse = (object, type, releases) => {
    if (releases === 0) return Number(references.traverse(object as Ptr, type));
    try {
      references.release(object as Ptr, type, (p) => counts.drop(p));
    } catch (error) {
      callbacks.report(error);
    }
    return 1;
  };
  hooks.collection = (phase, subject) => {
    try {
      collector.onCollection(phase, subject);
    } catch (error) {
      callbacks.report(error);
    }
  };
}
