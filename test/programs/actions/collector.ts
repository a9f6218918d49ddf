import { must } from "../holding.js";
import { randomThresholds } from "../setting.js";
import type { Actions } from "../stage.js";

export const COLLECTOR: Actions = {
  collect({ heap, random }) {
    heap.gc(random.pick([0, 1, 2]));
  },
  enable({ heap, random }) {
    if (random.chance(70)) heap.collector.enable();
    else heap.collector.disable();
  },
  thresholds({ heap, random }) {
    heap.collector.thresholds = randomThresholds(random);
  },
  freeze({ heap }) {
    heap.collector.freeze();
  },
  unfreeze({ heap }) {
    heap.collector.unfreeze();
    must(heap.collector.freezeCount === 0, `${heap.collector.freezeCount} objects are still frozen`);
  },
  clearFreeLists({ heap }) {
    heap.clearFreeLists();
    must(heap.freeLists().length === 0, "a private list is not empty");
  },
  inspect({ heap, random }) {
    const { collector } = heap;
    const objects = collector.objects(random.pick([undefined, 0, 1, 2] as const));
    if (objects.length === 0) return;
    const object = random.pick(objects);
    must(collector.isTracked(object), `${object} is listed, but not tracked`);
    for (const child of collector.referents(object)) {
      must(
        collector.referrers(child).includes(object),
        `${object} holds ${child}, which does not know of it`,
      );
    }
  },
};
