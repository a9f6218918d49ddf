import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { createHeap, type Ptr } from "../../bindings/index.js";
import { HeapRecorder, reportHtml, type ReportData } from "tallyheap-cli/report";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch } from "../support/chromium.js";

/** What a script must not be able to end, or to begin. */
const HOSTILE = "</script><script>document.title='broken'</script><!--<b>&amp;";

/** A program with something for every section. */
function record(): ReportData {
  const heap = createHeap({ onLeak: () => {} });
  heap.profile.start({ sampleBytes: 1 });
  const recorder = new HeapRecorder(heap as unknown as ConstructorParameters<typeof HeapRecorder>[0], {
    title: HOSTILE,
  });
  const Job = heap.defineType({ name: `Job ${HOSTILE}`, fields: { name: "ref", next: "ref" } });
  const done = heap.own(heap.list());
  const blocks: Ptr[] = [];
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 120; i++) {
      const job = heap.alloc(Job);
      heap.stealRef(job, Job.fields.name, heap.str(`job ${i} of round ${round}`));
      if (i % 3 === 0) heap.setRef(job, Job.fields.next, job);
      else heap.lists.append(done, job);
      heap.decref(job);
      blocks.push(heap.malloc(1 + ((i * 37) % 900)));
    }
    heap.gc(round % 3 === 0 ? 2 : 0);
    recorder.sample();
    if (round === 6) recorder.snapshot("halfway");
  }
  blocks.push(heap.malloc(300_000));
  for (const [i, block] of blocks.entries()) if (i % 2 === 0) heap.free(block);
  const data = recorder.finish([["Program", HOSTILE]]);
  heap.dispose();
  const values = [1, 2].map((median) => ({ median, low: median - 0.1, high: median + 0.1 }));
  const contenders = ["tallyheap", "glibc"].map((name) => ({ name, values: [...values, null] }));
  return { ...data, ratios: { axis: "ratio", workloads: ["a", "b", "c"], contenders } };
}

const data = record();

describe("the data of a report", () => {
  test("is what the heap says", () => {
    expect(data.memory!.x).toHaveLength(12);
    for (const [i, live] of data.memory!.live.entries()) {
      expect(live).toBeLessThanOrEqual(data.memory!.used[i]!);
      expect(data.memory!.used[i]!).toBeLessThanOrEqual(data.memory!.extent[i]!);
    }
    expect(data.maps!.map(({ label }) => label)).toEqual(["halfway", "at the end"]);
    expect(data.types!.find(({ name }) => name.startsWith("Job"))?.count).toBe(960);
    expect(data.pauses!.length).toBeGreaterThanOrEqual(12);
    expect(data.holders![0]!.path).toBe("(Handles)");
    expect(data.sites!.some(({ place }) => /record \(.*report\.test\.ts:\d+\)/.test(place))).toBe(true);
    const inUse = data.classes!.reduce((sum, { live }) => sum + live, 0);
    expect(inUse).toBeGreaterThan(960);
  });

  test("does not end the script that holds it", () => {
    const html = reportHtml(data);
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).not.toContain("<!--");
    const text = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!;
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(data)));
    // Nothing comes from anywhere else.
    expect(html.match(/(?:src|href)="[^"#]/g)).toEqual(['href="d']);
  });
});

describe.skipIf(!hasChromium)("the page, in a real Chromium from a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "tallyheap-report-"));
  const file = join(folder, "report.html");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, reportHtml(data));
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report; what the console complains of is collected. */
  async function open(
    width: number,
    colorScheme: "light" | "dark",
  ): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(file).href);
    await page.locator(".plot canvas").first().waitFor();
    await page.locator(".treemap rect").first().waitFor();
    return { page, complaints };
  }

  /** Colours of each canvas: how many different ones. */
  const coloursOf = (page: Page) =>
    page.locator("canvas").evaluateAll((canvases) =>
      (canvases as unknown as { width: number; height: number; getContext(kind: "2d"): Pixels }[]).map(
        (canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Set<number>();
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3]! > 200) seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
          return seen.size;
        },
      ),
    );
  interface Pixels {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  }

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("at %i px, %s: every chart is drawn, nothing is wider than the page", async (width, scheme) => {
    const { page, complaints } = await open(width, scheme);
    expect(complaints).toEqual([]);
    expect(await page.title()).toBe(HOSTILE);
    const headings = await page.locator("h2").allTextContents();
    expect(headings).toEqual([
      ...[
        "Ratios",
        "Arenas",
        "Memory over time",
        "Size classes",
        "Types",
        "Pauses",
        "Top holders",
        "Allocation sites",
      ],
    ]);
    // Ratios, map, two of memory, classes, pauses.
    const colours = await coloursOf(page);
    expect(colours).toHaveLength(6);
    for (const count of colours) expect(count).toBeGreaterThan(3);
    const shown = Math.min(40, data.types!.filter(({ bytes }) => bytes > 0).length);
    expect(await page.locator(".treemap g").count()).toBe(shown);
    const wider = await page.evaluate(`(() => {
      const limit = document.documentElement.clientWidth;
      return [...document.querySelectorAll("body *")]
        .filter((element) => !element.closest(".scroll, .map-box, caption, title"))
        .filter((element) => element.getBoundingClientRect().right > limit + 0.5)
        .map((element) => element.tagName + "." + element.className);
    })()`);
    expect(wider).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.close();
  });

  test("the keyboard reaches every chart and reads its values, and tables open", async () => {
    const { page, complaints } = await open(1280, "light");
    const reached = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const role = await page.evaluate('document.activeElement?.getAttribute("aria-roledescription")');
      if (typeof role === "string") reached.add(role);
    }
    expect([...reached].sort()).toEqual(["arena map", "chart", "treemap"]);

    const map = page.locator(".arena-map canvas");
    const readout = page.locator(".arena-map .readout");
    await map.focus();
    const first = await readout.textContent();
    expect(first).toMatch(/^Arena 1 of \d+, page 1, 0x/);
    await page.keyboard.press("ArrowRight");
    expect(await readout.textContent()).toMatch(/^Arena 1 of \d+, page 2, 0x/);

    const chart = page
      .locator("section", { has: page.locator("#memory") })
      .locator(".plot")
      .first();
    await chart.focus();
    await page.keyboard.press("End");
    const values = await chart.locator(".u-value").allTextContents();
    expect(values).toHaveLength(4);
    for (const value of values) expect(value).toMatch(/^[\d.]+ (?:ms|s|µs|B|KiB|MiB)$/);

    const treemap = page.locator(".treemap");
    await treemap.focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(".treemap .chosen").count()).toBe(1);

    const summaries = page.locator("summary");
    for (let i = 0; i < (await summaries.count()); i++) {
      await summaries.nth(i).focus();
      await page.keyboard.press("Enter");
    }
    await page.locator("details table").nth(5).waitFor();
    const rows = await page.locator("details", { hasText: "memory over time" }).locator("tbody tr").count();
    expect(rows).toBe(12);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("the theme can be chosen, and what is on a canvas follows", async () => {
    const { page } = await open(1280, "light");
    const canvas = page.locator(".plot canvas").first();
    const light = await canvas.screenshot();
    await page.getByText("Dark", { exact: true }).click();
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(20, 23, 28)");
    expect((await canvas.screenshot()).equals(light)).toBe(false);
    await page.close();
  });
});
