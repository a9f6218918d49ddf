/** Who takes part in bench:gc, each in a process of its own, and how it is asked. */

import { join } from "node:path";

import type { Answer, Request } from "./gc-request.js";
import { nativeSources, python, script } from "../lib/paths.js";
import type { Session } from "../lib/process.js";
import type { Candidate } from "../lib/sessions.js";

export const TALLYHEAP = "tallyheap";
export const TALLYHEAP_INLINED = "tallyheap (inlined)";
export const CPYTHON = "cpython";
export const ASSEMBLYSCRIPT = "assemblyscript";
export const V8 = "v8";

const worker = (name: string, ...flags: string[]): Candidate["command"] => ({
  file: process.execPath,
  args: [...flags, script("gc/gc-worker.js"), name],
});

export const CONTENDERS: readonly Candidate[] = [
  { name: TALLYHEAP, command: worker("tallyheap") },
  { name: TALLYHEAP_INLINED, command: worker("inlined") },
  { name: CPYTHON, command: { file: python, args: [join(nativeSources, "gc.py")] }, isOptional: true },
  { name: ASSEMBLYSCRIPT, command: worker("assemblyscript") },
  { name: V8, command: worker("v8", "--expose-gc") },
];

/** Undefined if the contender does not have that. */
export async function ask(session: Session, request: Request): Promise<Answer | undefined> {
  return (JSON.parse(await session.ask(JSON.stringify(request))) as Answer | null) ?? undefined;
}
