/** How far a run is, on stderr: a bar where a person sees it, else a line now and then. */

import { Presets, SingleBar } from "cli-progress";

/** Between lines, where there is no terminal. */
const LINE_MS = 10_000;

export interface Progress {
  /** The next of the announced steps begins. */
  tick(label: string): void;
  stop(): void;
}

export function startProgress(total: number): Progress {
  if (!process.stderr.isTTY) return startLines(total);
  const bar = new SingleBar(
    {
      format: "{bar} {percentage}% {label}",
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { label: "" });
  return {
    tick: (label) => bar.increment(1, { label: label.padEnd(44) }),
    stop: () => bar.stop(),
  };
}

function startLines(total: number): Progress {
  let step = 0;
  let last = "";
  const begin = performance.now();
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.error(`${step} of ${total}, ${seconds} s: ${last}`);
  }, LINE_MS);
  return {
    tick: (label) => {
      step++;
      last = label;
    },
    stop: () => clearInterval(timer),
  };
}
