import { describe, expect, test } from "vitest";
import { filesEndingWith, run } from "../project/repository.js";

/** Each example is a folder with a main.mjs that throws if anything is wrong. */
describe("examples run", () => {
  test.each(filesEndingWith("main.mjs", "examples"))("%s", async (file) => {
    const { code, stdout, stderr } = await run(process.execPath, [file]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    if (stdout.startsWith("left out: ")) console.log(`${file} ${stdout.trim()}`);
    else expect(stdout).toContain("heap.verify() passed");
  });
});
