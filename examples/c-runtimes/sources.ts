/** Sources that nobody here wrote: from Debian's archive, kept outside of the tree, or from a folder that is given. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const CACHE = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "tallyheap",
  "c-runtimes",
);

/** What keeps an example from running here, in one line. */
export class Absent extends Error {}

/** The unpacked source package, fetched once. Needs apt-get and dpkg-source, and no change of the system's lists. */
export function debianSource(name: string): string {
  const folder = join(CACHE, "sources", name);
  const unpacked = () => {
    if (!existsSync(folder)) return undefined;
    const found = readdirSync(folder, { withFileTypes: true }).find(
      (entry) => entry.isDirectory() && entry.name.startsWith(`${name}-`),
    );
    return found && join(folder, found.name);
  };
  const before = unpacked();
  if (before !== undefined) return before;
  const lists = join(CACHE, "apt");
  mkdirSync(join(lists, "lists/partial"), { recursive: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(lists, "sources.list"), "deb-src http://deb.debian.org/debian bookworm main\n");
  const options = [
    ...["-o", `Dir::Etc::SourceList=${join(lists, "sources.list")}`, "-o", "Dir::Etc::SourceParts=-"],
    ...["-o", `Dir::State::Lists=${join(lists, "lists")}`, "-o", "APT::Sandbox::User=root"],
  ];
  console.error(`fetching the source of ${name} to ${folder}`);
  const commands = [
    ["apt-get", ...options, "update"],
    ["apt-get", ...options, "source", "--download-only", name],
  ];
  for (const [program, ...args] of commands) {
    const { status } = spawnSync(program!, args, { cwd: folder, stdio: "ignore" });
    if (status !== 0) throw new Absent(`no source of ${name}: give it with --src DIR`);
  }
  const description = readdirSync(folder).find((file) => file.endsWith(".dsc"));
  spawnSync("dpkg-source", ["--no-check", "-x", description ?? ""], { cwd: folder, stdio: "ignore" });
  const after = unpacked();
  if (after === undefined)
    throw new Absent(`the source of ${name} cannot be unpacked: give it with --src DIR`);
  return after;
}
