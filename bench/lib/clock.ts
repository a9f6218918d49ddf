/**
 * Processor time of this process in ns, all threads: for V8 that includes its compiler and its collector. Wall time
 * would include whatever else the machine does.
 */
export function processorNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}
