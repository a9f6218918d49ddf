// `npm run fuzz -- --minutes N --seed S`: random programs against a plain model, over all cores and modes; see
// test/programs/fuzz.test.ts.

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed ?? Date.now() % 1_000_000_007)];
if (!(minutes > 0) || !Number.isSafeInteger(seed) || seed < 0) {
  console.error("fuzz: --minutes takes a number above 0, --seed a whole number");
  process.exit(2);
}
console.log(`fuzz: ${minutes} minutes from seed ${seed}`);
const { status } = spawnSync(
  "npx",
  // The file first: behind a switch it would be the switch's value, and all tests would run.
  ["vitest", "run", "test/programs/fuzz.test.ts", "--disable-console-intercept"],
  {
    stdio: "inherit",
    env: { ...process.env, TALLYHEAP_MINUTES: String(minutes), TALLYHEAP_SEED: String(seed) },
  },
);
process.exit(status ?? 1);
