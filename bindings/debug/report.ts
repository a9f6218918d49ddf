import * as layout from "../generated/layout.js";
import type { Core } from "../core/core.js";
import { hex, type HeapErrorDetails } from "../core/errors.js";
import type { Ptr } from "../core/ptr.js";
import type { Site } from "./sites.js";

/** What the debug core noted about the block that its last fault was about. */
export interface Damage {
  /** One of the DAMAGE_ codes. */
  readonly kind: number;
  readonly block: Ptr;
  readonly size: number;
  readonly serial: number;
  readonly letter: string;
  /** The first bad byte, what it should be, what it is. */
  readonly address: number;
  readonly expected: number;
  readonly actual: number;
}

const LEADING_PAD = 3;
const TRAILING_PAD = 4;
const DATA_SHOWN = 8;

const WHAT: Readonly<Record<number, string>> = {
  [layout.DAMAGE_LEADING]: "bytes before the block were overwritten (bad leading pad byte)",
  [layout.DAMAGE_TRAILING]: "bytes behind the block were overwritten (bad trailing pad byte)",
  [layout.DAMAGE_FREED]: "the block was written to after it was freed",
  [layout.DAMAGE_LETTER]: "the word before the block was overwritten (bad ID)",
};

export function readDamage(core: Core): Damage {
  const note = (offset: number): number => core.state(layout.STATE_DEBUG + offset);
  const block = note(layout.DEBUG_BLOCK) as Ptr;
  return {
    kind: note(layout.DEBUG_DAMAGE),
    block,
    size: note(layout.DEBUG_SIZE),
    serial: note(layout.DEBUG_BLOCK_SERIAL),
    letter: letterOf(core.linear.byte(block - 4)),
    address: core.state(layout.STATE_FAULT_ADDRESS),
    expected: core.state(layout.STATE_FAULT_EXPECTED),
    actual: core.state(layout.STATE_FAULT_ACTUAL),
  };
}

/** The numbers of the report as properties of the error. */
export function damageDetails(damage: Damage, site: Site | undefined): HeapErrorDetails {
  const { block, size, serial, letter, address, expected, actual } = damage;
  if (damage.kind === layout.DAMAGE_NONE) {
    return { block, ...(site ? { requestedSize: site.size } : {}), ...stacks(site) };
  }
  return { block, address, expected, actual, requestedSize: size, serial, domain: letter, ...stacks(site) };
}

export function stacks(site: Site | undefined): HeapErrorDetails {
  if (site === undefined) return {};
  const { allocated, freed } = site;
  return { allocationStack: allocated.text, ...(freed ? { freeStack: freed.text } : {}) };
}

/** What happened to the block, in one sentence. */
export function damageSummary(damage: Damage): string {
  const what = WHAT[damage.kind] ?? "the block is damaged";
  const bytes = `${byteText(damage.actual)} instead of ${byteText(damage.expected)}`;
  return `${what}: ${hex(damage.address)} is ${bytes}`;
}

/** The block as CPython's `_PyObject_DebugDumpAddress` prints it, then the stacks. */
export function blockReport(core: Core, damage: Damage, site: Site | undefined): string {
  const { block, size, serial, letter } = damage;
  if (damage.kind === layout.DAMAGE_NONE) return headerlessReport(block, site);
  const tail = block + size;
  const lines = [
    `Debug memory block at address p=${hex(block)}: API '${letter}'`,
    `    ${size} bytes originally requested`,
    ...(damage.kind === layout.DAMAGE_FREED ? [] : guardLines(core, damage, tail)),
    `    The block was made by call #${serial} to debug malloc/realloc.`,
    ...(size > 0 ? [`    Data at p: ${dataText(core, block, size)}`] : []),
    ...stackLines(site),
  ];
  return lines.join("\n");
}

/** Nothing that stands before the block is to be believed. */
function headerlessReport(block: Ptr, site: Site | undefined): string {
  const size = site ? [`    ${site.size} bytes originally requested`] : [];
  return [`Debug memory block at address p=${hex(block)}`, ...size, ...stackLines(site)].join("\n");
}

function guardLines(core: Core, { block, kind }: Damage, tail: number): string[] {
  const lines = padLines(core, block - LEADING_PAD, LEADING_PAD, "p-3", "p", -LEADING_PAD);
  if (kind === layout.DAMAGE_LEADING || kind === layout.DAMAGE_LETTER) {
    lines.push("    Because memory is corrupted at the start, the count of bytes requested may be bogus.");
  }
  return [...lines, ...padLines(core, tail, TRAILING_PAD, `tail=${hex(tail)}`, "tail+", 0)];
}

/** Guard bytes: one line if they are whole, else a line for each, the bad ones flagged. */
function padLines(
  core: Core,
  start: number,
  count: number,
  where: string,
  label: string,
  first: number,
): string[] {
  const bytes = Array.from({ length: count }, (_, i) => core.linear.byte(start + i));
  const guard = byteText(layout.DEBUG_GUARD_BYTE);
  if (bytes.every((byte) => byte === layout.DEBUG_GUARD_BYTE)) {
    return [`    The ${count} pad bytes at ${where} are FORBIDDENBYTE, as expected.`];
  }
  const line = (byte: number, i: number): string =>
    `        at ${label}${first + i}: ${byteText(byte)}${byte === layout.DEBUG_GUARD_BYTE ? "" : " *** OUCH"}`;
  return [`    The ${count} pad bytes at ${where} are not all FORBIDDENBYTE (${guard}):`, ...bytes.map(line)];
}

/** The first and the last eight bytes of the data. */
function dataText(core: Core, block: number, size: number): string {
  const show = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, i) => digits(core.linear.byte(block + from + i))).join(" ");
  if (size <= 2 * DATA_SHOWN) return show(0, size);
  return `${show(0, DATA_SHOWN)} ... ${show(size - DATA_SHOWN, size)}`;
}

function stackLines(site: Site | undefined): string[] {
  if (site === undefined) return ["The block was not made through this Heap: no stack is known."];
  const allocated = ["Allocated at:", site.allocated.text];
  return site.freed ? [...allocated, "Freed at:", site.freed.text] : allocated;
}

/** The domain letter of a block; a freed one's is overwritten, and there is only one domain to be freed from. */
function letterOf(byte: number): string {
  if (byte === layout.DEBUG_DEAD_BYTE) return String.fromCharCode(layout.DEBUG_RAW_LETTER);
  return byte > 32 && byte < 127 ? String.fromCharCode(byte) : byteText(byte);
}

function byteText(byte: number): string {
  return `0x${digits(byte)}`;
}

function digits(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
