import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // By itself it leaves one processor of two alone.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
