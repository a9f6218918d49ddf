import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch } from "../support/chromium.js";
import { root } from "../project/repository.js";

describe.skipIf(!hasChromium)("live-heap, in a real Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-live-"));
  const configFile = join(root, "examples/live-heap/vite.config.mjs");
  let browser: Browser;
  let server: PreviewServer;

  beforeAll(async () => {
    const options = { configFile, logLevel: "error" as const, build: { outDir: folder, emptyOutDir: true } };
    await build(options);
    server = await preview({ ...options, preview: { host: "127.0.0.1", port: 0 } });
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(width: number): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.locator(".facts dd").first().waitFor();
    return { page, complaints };
  }

  /** A figure of the heap, once it is shown. */
  const figure = async (page: Page, name: string): Promise<number> => {
    await page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))");
    const text = await page.locator(".facts div", { hasText: name }).locator("dd").textContent();
    return Number(text!.replace(/[^\d.]/g, ""));
  };
  const last = (page: Page): Promise<string | null> => page.locator("#log li").first().textContent();
  const press = (page: Page, name: string): Promise<void> =>
    page.getByRole("button", { name }).press("Enter");

  test("buttons change the heap as they say, and the map shows it", async () => {
    const { page, complaints } = await open(1280);
    // The dict of the global names.
    const before = await figure(page, "Tracked objects");
    await press(page, "Make cycles");
    expect(await figure(page, "Tracked objects")).toBe(before + 2000);
    expect(await figure(page, "Handles")).toBe(1000);
    await press(page, "Drop them");
    expect(await figure(page, "Handles")).toBe(0);
    expect(await figure(page, "Tracked objects")).toBe(before + 2000);
    await press(page, "Collect");
    expect(await last(page)).toMatch(/^The collection freed 2000 objects/);
    expect(await figure(page, "Tracked objects")).toBe(before);

    const canvas = page.locator(".arena-map canvas");
    const empty = await canvas.screenshot();
    await press(page, "Fragment");
    const arenas = await figure(page, "Arenas in use");
    expect(arenas).toBeGreaterThan(2);
    expect((await canvas.screenshot()).equals(empty)).toBe(false);
    await press(page, "Free the rest");
    expect(await figure(page, "Arenas in use")).toBeLessThan(arenas);
    await press(page, "Trim");
    expect(await last(page)).toMatch(/^\d+ bytes were given back/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("lines of Python run, and what is wrong with one is said", async () => {
    const { page, complaints } = await open(390);
    const run = async (line: string): Promise<string | null> => {
      await page.getByLabel("Line").fill(line);
      await page.keyboard.press("Enter");
      return last(page);
    };
    expect(await run("a = [1, 4000]; b = a; print(getrefcount(a))")).toBe("printed: 3");
    expect(await run("print(nothing)")).toBe("error: name 'nothing' is not defined");
    expect(await run("del b; print(getrefcount(a))")).toBe("printed: 2");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
