import { execFile, type ExecFileException } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const FOREIGN = new Set(["node_modules", "build", "dist", "coverage", ".git"]);

/** Text of a file of the repository. */
export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The repository's own files that end with `suffix`, as paths with slashes relative to its top. */
export function filesEndingWith(suffix: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : filesEndingWith(suffix, path);
    return entry.name.endsWith(suffix) ? [path] : [];
  });
}

/** A fenced code block of a Markdown file. */
export interface Snippet {
  readonly language: string;
  readonly code: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

export function snippets(markdown: string): Snippet[] {
  const found: Snippet[] = [];
  const lines = markdown.split("\n");
  for (let start = 0; start < lines.length; start++) {
    const fence = /^```(\w*)$/.exec(lines[start]!);
    if (!fence) continue;
    const end = lines.indexOf("```", start + 1);
    found.push({ language: fence[1]!, code: lines.slice(start + 1, end).join("\n") + "\n", line: start + 1 });
    start = end;
  }
  return found;
}

/** The file that a snippet says on its first line to be quoted from; undefined for code that stands for itself. */
export function quotedFrom({ code }: Snippet): string | undefined {
  return /^\/\/ ([\w/-]+\.ts)\n/.exec(code)?.[1];
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a non-zero exit code is a result, not an exception. */
export function run(command: string, args: readonly string[], cwd = root): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, maxBuffer: 1 << 26, shell: false };
    execFile(command, args, options, (error: ExecFileException | null, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr: error !== null && stderr === "" ? String(error) : stderr });
    });
  });
}

/** npm itself, run by this Node: on Windows `npm` is a script that cannot be spawned directly. */
export function npm(args: readonly string[], cwd = root): Promise<Outcome> {
  const script = process.env["npm_execpath"];
  if (script !== undefined && script.endsWith(".js")) return run(process.execPath, [script, ...args], cwd);
  return run("npm", args, cwd);
}
