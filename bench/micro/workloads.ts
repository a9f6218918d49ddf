/** The micro workloads of bench/native/micro.c and bench/assembly/micro.ts, in the order of their numbers there. */

export interface Workload {
  /** As in the output. */
  readonly name: string;
  readonly number: number;
  /** What is counted: the time of a sample is divided by it. */
  readonly unit: "ns/pair" | "ns/op" | "ns/call" | "ns/block";
  /** Units in a sample: some milliseconds, and whole batches, and whole rounds of growth. */
  readonly units: number;
  readonly about: string;
}

const BULK = 10 * 1024 * 1024;

const list: readonly Omit<Workload, "number">[] = [
  { name: "pair 16", unit: "ns/pair", units: 400_000, about: "malloc and free of 16 bytes" },
  { name: "pair 64", unit: "ns/pair", units: 400_000, about: "malloc and free of 64 bytes" },
  { name: "pair 256", unit: "ns/pair", units: 400_000, about: "malloc and free of 256 bytes" },
  { name: "pair 512", unit: "ns/pair", units: 400_000, about: "malloc and free of 512 bytes" },
  {
    name: "pair 16-512",
    unit: "ns/pair",
    units: 400_000,
    about: "malloc and free of 16 to 512 bytes at random",
  },
  {
    name: "batch FIFO",
    unit: "ns/pair",
    units: 400_000,
    about: "1,000 blocks of 16 to 512 bytes, freed oldest first",
  },
  { name: "batch LIFO", unit: "ns/pair", units: 400_000, about: "the same, freed newest first" },
  { name: "batch random", unit: "ns/pair", units: 400_000, about: "the same, freed in random order" },
  {
    name: "churn 1k",
    unit: "ns/op",
    units: 400_000,
    about: "a random one of 1,024 slots filled (8 to 527 bytes) or emptied",
  },
  { name: "churn 64k", unit: "ns/op", units: 400_000, about: "the same with 65,536 slots" },
  {
    name: "mixed to 10 KB",
    unit: "ns/op",
    units: 400_000,
    about: "the same with 4,096 slots and 4 to 10,000 bytes",
  },
  {
    name: "larson 100k",
    unit: "ns/pair",
    units: 400_000,
    about: "a random one of 100,000 live blocks (16 to 512 bytes) replaced",
  },
  {
    name: "realloc growth",
    unit: "ns/call",
    units: 100_000,
    about: "1,000 vectors in turn grow by half from 16 bytes to 40 KB",
  },
  {
    name: "bulk alloc 10M",
    unit: "ns/block",
    units: BULK,
    about: "10·1024·1024 blocks of 16 bytes allocated",
  },
  { name: "bulk free 10M", unit: "ns/block", units: BULK, about: "and freed, oldest first" },
  {
    name: "large, 400 free spans",
    unit: "ns/pair",
    units: 20_000,
    about: "malloc and free of 40 to 200 KB between 400 free spans of 33 to 64 KB",
  },
  { name: "large, 4000 free spans", unit: "ns/pair", units: 20_000, about: "the same with 4,000 free spans" },
];

export const WORKLOADS: readonly Workload[] = list.map((workload, number) => ({ ...workload, number }));

export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no micro workload is called ${name}`);
  return found;
}

/** Units done by one call into the loops: short, so that wasm goes over to optimised code, and whole batches. */
export const PORTION = 4000;
