import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

export const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Whether there is a Chromium; what needs one is skipped otherwise. */
export const hasChromium = existsSync(executablePath);
if (!hasChromium) console.log(`left out: no Chromium at ${executablePath} (set CHROMIUM_PATH)`);

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}
