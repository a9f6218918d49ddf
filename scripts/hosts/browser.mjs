// A real Chromium: pages, workers, Content Security Policies, and what bundlers made.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { PROBES, exportedFiles, probeFile } from "./project.mjs";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
/** @type {Record<string, string>} */
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const SECONDS = 60;

/** Policies by name; what a page without 'wasm-unsafe-eval' may not do. @type {Readonly<Record<string, string>>} */
const POLICIES = {
  none: "",
  wasm: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  strict: "default-src 'self'; script-src 'self'",
};

/** A Chromium on this machine; undefined if there is none. */
export function chromiumPath() {
  const path = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
  return existsSync(path) ? path : undefined;
}

/**
 * Serves the project and runs its modules in pages: \`run\` gives what came of one.
 * @param {string} folder
 */
export async function openBrowser(folder) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const policy = POLICIES[searchParams.get("policy") ?? "none"] ?? "";
    if (policy) response.setHeader("content-security-policy", policy);
    const page = /^\/page\/(module|worker)(\/.*)$/.exec(pathname);
    if (page) {
      const [, kind, script] = page;
      const source = kind === "module" ? script : `/start-worker?script=${script}`;
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><script type="module" src="${source}"></script>`);
    } else if (pathname === "/start-worker") {
      response.setHeader("content-type", "text/javascript");
      response.end(workerStarter(searchParams.get("script") ?? "", searchParams.get("policy")));
    } else sendFile(folder, pathname, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${address.port}`;
  const browser = await chromium.launch({
    executablePath: /** @type {string} */ (chromiumPath()),
    args: FLAGS,
  });

  /** @param {string} script @param {"module" | "worker"} [kind] @param {string} [policy] @returns {Promise<string>} */
  const run = async (script, kind = "module", policy = "none") => {
    const page = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    try {
      await page.goto(`${origin}/page/${kind}${script}?policy=${policy}`);
      const isThere = () => page.evaluate("globalThis.outcome");
      for (let waited = 0; waited < SECONDS * 10; waited++) {
        const outcome = await isThere();
        if (outcome !== undefined) return String(outcome);
        if (errors.length > 0) return String(errors[0]);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return `no outcome after ${SECONDS} s`;
    } finally {
      await page.close();
    }
  };
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { run, close, version: browser.version() };
}

/** @param {string} script @param {string | null} policy */
function workerStarter(script, policy) {
  return `const worker = new Worker("${script}?as=worker&policy=${policy ?? "none"}", { type: "module" });
worker.onmessage = ({ data }) => (globalThis.outcome = data);
worker.onerror = (event) => (globalThis.outcome = event.message || "the worker did not start");\n`;
}

/** Files of the project; in probes the names of entries are replaced by the files that they stand for. */
function sendFile(
  /** @type {string} */ folder,
  /** @type {string} */ pathname,
  /** @type {import("node:http").ServerResponse} */ response,
) {
  const file = join(folder, normalize(pathname));
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain");
  if (!/^[\\/][\w-]+\.mjs$/.test(pathname)) response.end(readFileSync(file));
  else {
    const text = readFileSync(file, "utf8");
    const located = text.replace(
      /"(tallyheap[\w/]*)"/g,
      (_, entry) => `"/node_modules/tallyheap/${exportedFiles().get(entry)}"`,
    );
    // A worker tells its page.
    const told = located.replace(
      "globalThis.outcome = outcome;",
      "globalThis.outcome = outcome; if (!globalThis.document) postMessage(outcome);",
    );
    response.end(told);
  }
}

/** @param {{ run: (script: string, kind?: "module" | "worker", policy?: string) => Promise<string>, version: string }} browser */
export async function tryBrowser({ run, version }) {
  const host = `Chromium ${version.split(".")[0]}`;
  const rows = [];
  for (const [label, kind, policy] of /** @type {const} */ ([
    ["", "module", "none"],
    [", worker", "worker", "none"],
    [", CSP with 'wasm-unsafe-eval'", "module", "wasm"],
    [", CSP without", "module", "strict"],
  ])) {
    /** @type {Map<string, string>} */
    const cells = new Map();
    for (const [entry, { nodeOnly }] of Object.entries(PROBES)) {
      if (nodeOnly) continue;
      const outcome = await run(`/${probeFile(entry)}`, kind, policy);
      const isRefused = policy === "strict" && /^ERR_HEAP_ARGUMENT.*'wasm-unsafe-eval'/.test(outcome);
      cells.set(entry, isRefused ? "says why" : outcome);
    }
    rows.push({ host: host + label, cells });
  }
  return rows;
}
