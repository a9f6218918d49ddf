import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch } from "../support/chromium.js";
import { root } from "./repository.js";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** dist/ as a web server would deliver it, and an empty page. */
function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = join(root, "dist", path);
    if (path === "/" || path === "\\") response.setHeader("content-type", "text/html").end("<!doctype html>");
    else if (!existsSync(file)) response.writeHead(404).end();
    else response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain").end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe.skipIf(!hasChromium)("in a real Chromium", () => {
  let server: Server;
  let browser: Browser;
  let origin = "";

  beforeAll(async () => {
    server = await serve();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  // The script is text: it runs in the page, whose modules this file's compiler knows nothing about.
  const exercise = (entry: string, create: string) => `
    (async () => {
      const tallyheap = await import(${JSON.stringify(entry)});
      const heap = ${create};
      const kept = heap.malloc(100);
      heap.bytes(kept, 100).fill(7);
      const blocks = Array.from({ length: 100_000 }, (_, i) => heap.malloc(1 + (i % 700)));
      for (const block of blocks) heap.free(block);
      let code = "";
      try { heap.free(blocks[0]); } catch (error) { code = error.code; }
      heap.verify();
      return { sum: heap.bytes(kept, 100).reduce((a, b) => a + b, 0), faulty: code.startsWith("ERR_HEAP_") };
    })()`;

  test.each([
    ["the inlined wasm", "/index.js", "tallyheap.createHeap()"],
    ["the debug core", "/debug.js", "tallyheap.createHeap()"],
    ["the fetched wasm", "/url.js", "await tallyheap.createHeap()"],
  ])("%s works", async (_name, entry, create) => {
    const page = await browser.newPage();
    await page.goto(origin);
    expect(await page.evaluate(exercise(entry, create))).toEqual({ sum: 700, faulty: true });
    await page.close();
  });
});
