/** A progress bar on stderr, only where a person sees it. */

import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  tick(label: string): void;
  stop(): void;
}

export function startProgress(total: number): Progress {
  if (!process.stderr.isTTY) return { tick: () => {}, stop: () => {} };
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
