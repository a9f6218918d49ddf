import type { CAC } from "cac";

import { startProgress } from "../../../bench/lib/progress.js";
import { writeFile } from "../../../bindings/link/output.js";
import { reportHtml } from "../html.js";
import { readInput } from "../inputs.js";
import { print } from "../output.js";
import { graphOfProgram } from "../python.js";
import type { ReportData } from "../report-data.js";
import { watchGraph, watchImage, watchTrace } from "../watched.js";

interface Options {
  json?: boolean;
  output?: string;
}

const TICKS = 100;

export function addReport(cli: CAC): void {
  cli
    .command(
      "report <file>",
      "One HTML file that shows a trace, an object graph, an image or a heap snapshot",
    )
    .option("-o, --output <file>", "The report (default: the input's name with .html)")
    .example("  tallyheap-cli report my.atrc.gz -o report.html")
    .example("  tallyheap-cli report program.heapsnapshot")
    .example("  tallyheap-cli report --json my.atrc.gz > data.json   (what the page shows; no page)")
    .action(report);
}

async function report(input: string, { json, output }: Options): Promise<void> {
  const { name, data } = await watch(input);
  // The data is the result for who asks for JSON; a file is written if one is named.
  if (json && output === undefined) return print(data, true, () => "");
  const file = String(output ?? `${name}.html`);
  const html = reportHtml(data);
  writeFile(file, (write) => write(html));
  const bytes = Buffer.byteLength(html);
  print(
    json ? data : { file, bytes },
    json,
    () => `${file}: ${(bytes / 1024).toFixed(0)} KiB, open it in a browser`,
  );
}

async function watch(file: string): Promise<{ name: string; data: ReportData }> {
  const progress = startProgress(TICKS);
  let ticks = 0;
  const tick = (share: number): void => {
    for (; ticks < share * TICKS; ticks++) progress.tick(file);
  };
  try {
    if (file.endsWith(".py")) {
      const graph = graphOfProgram(file);
      return { name: graph.name, data: watchGraph(graph, tick) };
    }
    const input = readInput(file);
    switch (input.kind) {
      case "trace":
        return { name: input.name, data: watchTrace(input.trace, tick) };
      case "graph":
        return { name: input.name, data: watchGraph(input.graph, tick) };
      case "image":
        return { name: input.name, data: watchImage(input.name, input.heap) };
      case "heap snapshot": {
        // The loader is large.
        const { watchSnapshot } = await import("../heap-snapshot-file.js");
        return { name: input.name, data: await named(file, watchSnapshot(input.name, input.bytes)) };
      }
    }
  } finally {
    progress.stop();
  }
}

/** The file's name in front of what is wrong with it. */
async function named<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause });
  }
}
