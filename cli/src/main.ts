/** `tallyheap-cli`: traces, object graphs, snapshots and reports from the command line. */

import { readFileSync } from "node:fs";

import { cac, type CAC } from "cac";

import { addGc } from "./commands/gc.js";
import { addRecord } from "./commands/record.js";
import { addReplay } from "./commands/replay.js";
import { addReport } from "./commands/report.js";
import { addSnapshot } from "./commands/snapshot.js";
import { addStats } from "./commands/stats.js";
import { EXIT_FAILED, EXIT_USAGE, UsageError } from "../../bindings/link/failure.js";

const NAME = "tallyheap-cli";
const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { version: string };

async function run(cli: CAC, argv: string[]): Promise<void> {
  cli.parse(argv, { run: false });
  if (cli.options["help"] === true || cli.options["version"] === true) return;
  if (cli.matchedCommand === undefined) {
    const [unknown] = cli.args;
    if (unknown !== undefined) {
      const known = cli.commands.map(({ name }) => name).join(", ");
      throw new UsageError(`there is no command "${unknown}"; there are ${known}`);
    }
    if (argv.length > 2) throw new UsageError("name a command first");
    cli.outputHelp();
    return;
  }
  for (const [name, value] of Object.entries(cli.options))
    if (name !== "--" && Array.isArray(value)) throw new UsageError(`${flag(name)} is given twice`);
  await cli.runMatchedCommand();
}

const flag = (name: string): string => `${name.length === 1 ? "-" : "--"}${name}`;

const cli = cac(NAME);
for (const add of [addReplay, addRecord, addGc, addSnapshot, addReport, addStats]) add(cli);
for (const command of cli.commands) command.option("--json", "Print JSON on stdout, and nothing else");
cli.version(version);
cli.help((sections) => {
  sections.push({
    title: "Exit codes",
    body: "  0 done, 1 failed (one line on stderr), 2 the command line makes no sense",
  });
});

try {
  await run(cli, process.argv);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isUsage = error instanceof UsageError || error.name === "CACError";
  const hint = isUsage ? `; see ${[NAME, cli.matchedCommand?.name, "--help"].filter(Boolean).join(" ")}` : "";
  console.error(`${NAME}: ${error.message}${hint}`);
  process.exitCode = isUsage ? EXIT_USAGE : EXIT_FAILED;
}
