// npm run test:stress [FILTER…]
// Runs the tests three times while heaps collect after every allocation, every third and every twentieth one.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./steps.mjs";

const INTERVALS = [20, 3, 1];
/** A test takes many times as long as otherwise. */
const TIMEOUT = "600000";

const vitest = join(root, "node_modules/vitest/vitest.mjs");
for (const interval of INTERVALS) {
  console.log(`a collection after one allocation in ${interval}`);
  const { status } = spawnSync(
    process.execPath,
    [vitest, "run", "--testTimeout", TIMEOUT, ...process.argv.slice(2)],
    { cwd: root, stdio: "inherit", env: { ...process.env, TALLYHEAP_STRESS: String(interval) } },
  );
  if (status !== 0) process.exit(status ?? 1);
}
