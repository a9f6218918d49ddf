import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { applyPatch, parsePatch } from "diff";

const require = createRequire(import.meta.url);
const original = dirname(require.resolve("fengari/package.json"));
const root = join(original, "../..");

/** Modules that the port brings along: tables, and where all others call the heap, which `loadLua` fills. */
const MODULES = ["ltable.js", "lheap.js"];

/**
 * The directory of a copy of fengari with fengari.patch applied, its tests included. Made where there is none yet:
 * build/fengari-HASH, by what goes into it.
 */
export function patchedFengari(): string {
  const own = join(root, "examples/fengari");
  const patch = readFileSync(join(own, "fengari.patch"), "utf8");
  const modules = MODULES.map((name) => readFileSync(join(own, name.replace(".js", ".cjs")), "utf8"));
  const { version } = JSON.parse(readFileSync(join(original, "package.json"), "utf8")) as { version: string };
  const hash = createHash("sha256")
    .update([version, patch, ...modules].join("\0"))
    .digest("hex")
    .slice(0, 12);
  const target = join(root, "build", `fengari-${hash}`);
  if (existsSync(target)) return target;
  mkdirSync(join(root, "build"), { recursive: true });
  const copy = mkdtempSync(join(root, "build/fengari-"));
  cpSync(original, copy, { recursive: true });
  for (const change of parsePatch(patch)) {
    const file = join(copy, change.newFileName!.replace(/^b\//, ""));
    const patched = applyPatch(readFileSync(file, "utf8"), change);
    if (patched === false)
      throw new Error(`fengari ${version}: the patch does not apply to ${change.newFileName}`);
    writeFileSync(file, patched);
  }
  MODULES.forEach((name, i) => writeFileSync(join(copy, "src", name), modules[i]!));
  try {
    renameSync(copy, target);
  } catch (error) {
    // Somebody else was quicker.
    rmSync(copy, { recursive: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}
