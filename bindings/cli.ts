#!/usr/bin/env node
/** `tallyheap link IN -o OUT`: the bytes layer inside a C or C++ module. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readGrowth, type Growth } from "./core/growth.js";
import { LinkError } from "./link/errors.js";
import { EXIT_FAILED, EXIT_USAGE, UsageError, attempt } from "./link/failure.js";
import { link, type LinkOptions } from "./link/link.js";
import { writeFile } from "./link/output.js";

const USAGE = `usage: tallyheap link IN.wasm -o OUT.wasm [options]

Puts the heap's malloc family into a wasm module that imports or defines one.

  -o, --output FILE      the linked module
      --module NAME      module that malloc is imported from (default: env)
  -O, --optimize LEVEL   0 to 4, as wasm-opt's -O0 to -O4 (default: 3)
      --growth-factor N  how the memory grows: by memory · (N - 1) and the floor, at most fourfold and by
      --growth-floor BYTES  the cap (defaults: 1.125, 512 KiB, 256 MiB)
      --growth-cap BYTES
  -g, --names            keep the names of functions
  -h, --help             this text

Needs the npm package binaryen.`;

interface Request {
  readonly input: string;
  readonly output: string;
  readonly options: LinkOptions;
}

try {
  const request = parse(process.argv.slice(2));
  if (request) await run(request);
  else console.log(USAGE);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`tallyheap link: ${error.message}`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}

async function run({ input, output, options }: Request): Promise<void> {
  const bytes = attempt(`cannot read ${input}`, () => readFileSync(input));
  let linked;
  try {
    linked = await link(new Uint8Array(bytes), options);
  } catch (cause) {
    throw cause instanceof LinkError ? new Error(`${input} ${cause.message}`, { cause }) : cause;
  }
  writeFile(output, (write) => write(linked));
}

/** The request, or undefined if only help was asked for. */
function parse(args: readonly string[]): Request | undefined {
  const { values, positionals } = parseOptions(args);
  if (values.help || args.length === 0) return undefined;
  const [command, input, ...rest] = positionals;
  if (command !== "link") throw new UsageError(`there is no command "${command ?? ""}"; see --help`);
  if (input === undefined || rest.length > 0) throw new UsageError("wants one module; see --help");
  if (values.output === undefined) throw new UsageError("wants an output file: -o OUT.wasm");
  const level = values.optimize ?? "3";
  if (!/^[0-4]$/.test(level)) throw new UsageError(`--optimize is "${level}", not a level from 0 to 4`);
  const growth = readGrowthFlags(values);
  const options: LinkOptions = {
    ...(values.module === undefined ? {} : { module: values.module }),
    optimizeLevel: Number(level),
    names: values.names ?? false,
    ...(growth === undefined ? {} : { growth }),
  };
  return { input, output: values.output, options };
}

/** The policy that the flags ask for; numbers are checked as createHeap checks its option. */
function readGrowthFlags(values: Readonly<Record<string, unknown>>): Growth | undefined {
  const flags = [
    ["growth-factor", "factor"],
    ["growth-floor", "floorBytes"],
    ["growth-cap", "capBytes"],
  ] as const;
  const given = flags.filter(([flag]) => values[flag] !== undefined);
  if (given.length === 0) return undefined;
  const growth = Object.fromEntries(given.map(([flag, name]) => [name, Number(values[flag])]));
  try {
    readGrowth(growth);
    return growth;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        module: { type: "string" },
        optimize: { type: "string", short: "O" },
        "growth-factor": { type: "string" },
        "growth-floor": { type: "string" },
        "growth-cap": { type: "string" },
        names: { type: "boolean", short: "g" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message.split("\n")[0]!, { cause });
  }
}
