// Last line of a CI run: "N passed, N failed", checks and tests together. Exits non-zero unless all passed.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";

/** @param {string} file */
const read = (file) =>
  existsSync(join(root, file)) ? JSON.parse(readFileSync(join(root, file), "utf8")) : undefined;

// A report that is missing means that its command died: one failure.
const check = read("build/check.json") ?? { passed: 0, failed: 1 };
const tests = read("build/tests.json") ?? { numPassedTests: 0, numFailedTests: 1, testResults: [] };
/** Files that failed outside any test, in an import or a hook. */
const brokenFiles = tests.testResults.filter(
  (/** @type {{ status: string, assertionResults: { status: string }[] }} */ file) =>
    file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
).length;
const passed = check.passed + tests.numPassedTests;
const failed = check.failed + tests.numFailedTests + brokenFiles;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
