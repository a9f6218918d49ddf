import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../bench", import.meta.url));

test("a suite imports what is its own and lib; lib imports no suite", () => {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /^(?!assembly)\w+\/[\w-]+\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(30);
  const strays = files.flatMap((file) =>
    [...readFileSync(join(folder, file), "utf8").matchAll(/from "(\.\.?\/[^"]+)"/g)]
      .map(([, path]) => path!)
      .filter((path) => !path.startsWith("./") && (file.startsWith("lib/") || !path.startsWith("../lib/")))
      .map((path) => `${file}: ${path}`),
  );
  expect(strays).toEqual([]);
});
