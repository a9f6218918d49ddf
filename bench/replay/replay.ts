/** `npm run -s bench:replay -- [options] [FILE…]`: allocation traces replayed on every heap that is present. */

import { assemble } from "../lib/contenders.js";
import { conditions, runBench, select, wantedBy, type CommonOptions } from "../lib/options.js";
import { bundledTraces } from "../lib/paths.js";
import { fullPasses, quickPasses, replay } from "../lib/replays.js";
import { coldTable, memoryTable, ratioTable, timesTable } from "../lib/table.js";
import { readTrace } from "../lib/trace.js";

await runBench<CommonOptions>({
  name: "bench:replay",
  args: "[...files]",
  about: "Replay allocation traces (default: the bundled ones) on every heap that is present",
  quick: " and fewer passes: an impression, no measurement",
  plot: true,
  async run(files, options, plan) {
    const traces = (files.length > 0 ? files : bundledTraces()).map(readTrace);
    const slots = Math.max(...traces.map(({ slotCount }) => slotCount));
    const { contenders, reference, absent } = select(
      await assemble(slots, wantedBy(options.only), options.only?.includes("hardened")),
      options.only,
    );
    const passes = options.quick ? quickPasses : fullPasses;
    const rows = await replay(traces, { contenders, reference }, plan, { passes });
    const sizes = traces.map(({ name, opCount }) => `${name} ${opCount}`).join(", ");
    const text = (): string =>
      [
        `Warm: ns an operation, median and half the width of its interval\n${timesTable(rows)}`,
        `Warm: ratio to ${reference}, median over rounds and its interval\n${ratioTable(rows)}`,
        `First pass in a new process: ratio to ${reference}\n${coldTable(rows)}`,
        `Memory: peak extent over peak live bytes, first pass / after five\n${memoryTable(rows)}`,
        `${sizes} operations.\n${conditions(contenders, absent, plan)}`,
      ].join("\n\n");
    return { rows, text, title: `Warm replay, ratio to ${reference}` };
  },
});
