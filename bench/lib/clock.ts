/**
 * Processor time of this process in ns, all threads: for V8 that includes its compiler and its collector. Wall time
 * would include whatever else the machine does.
 */
export function processorNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Times `body` and divides. */
export function timed(units: number, body: () => void): number {
  const start = processorNs();
  body();
  return (processorNs() - start) / units;
}
