import { ARENA_PAGES, MAX_ARENAS, PAGE_BYTES, STATE_FRONTIER, STATE_LIMIT } from "../generated/layout.js";
import { LAYOUT_VERSIONS, type Core, type CoreKind } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import { eachUsedRun } from "../core/used-pages.js";
import { checksum } from "./checksum.js";

/**
 * An image of a heap: the pages of its memory that hold anything, and what the bindings know besides. Words of 32 bits,
 * little-endian:
 *
 *   ├ magic 16 │ format │ layout │ bytes │ arenas ┤ checksum 16 ┤ notes' bytes │ runs │ limit │ unused ┤
 *   64  ├ runs: first page │ pages ┤ notes: JSON, UTF-8 ┤ pages … ┤
 *
 * Each part is padded with zeroes to 16 bytes. The checksum is over all that follows it, begun with the four words
 * before it. The layout is the core's layoutVersion: an image belongs to one version of the package and one build.
 */
export interface Image {
  readonly kind: CoreKind;
  readonly arenas: number;
  /** Hard limit of the memory, in wasm pages. */
  readonly limit: number;
  readonly notes: unknown;
  /** Writes the pages to where they belong. */
  copyTo(memory: Uint8Array): void;
}

const MAGIC = "tallyheap image\n";
const FORMAT = 1;
const WORD_FORMAT = 4;
const WORD_CHECKSUM = 8;
const WORD_NOTES = 12;
const HEADER_BYTES = 64;
const RUN_BYTES = 8;

/** Makes the image of a core's memory. `notes` is anything that JSON can hold. */
export function writeImage(core: Core, notes: unknown): Uint8Array {
  const runs: number[] = [];
  let pages = 0;
  eachUsedRun(core, (page, count) => {
    runs.push(page, count);
    pages += count;
  });
  const text = new TextEncoder().encode(JSON.stringify(notes));
  const notesAt = padded(HEADER_BYTES + runs.length * 4);
  const pagesAt = padded(notesAt + text.length);
  const bytes = new Uint8Array(pagesAt + pages * PAGE_BYTES);
  const words = new Uint32Array(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  words.set([FORMAT, LAYOUT_VERSIONS[core.kind], bytes.length, core.state(STATE_FRONTIER)], WORD_FORMAT);
  words.set([text.length, runs.length / 2, core.state(STATE_LIMIT)], WORD_NOTES);
  words.set(runs, HEADER_BYTES / 4);
  bytes.set(text, notesAt);
  const { u8 } = core.linear.views;
  let at = pagesAt;
  for (let i = 0; i < runs.length; i += 2) {
    const start = runs[i]! * PAGE_BYTES;
    const length = runs[i + 1]! * PAGE_BYTES;
    bytes.set(u8.subarray(start, start + length), at);
    at += length;
  }
  words.set(checksum(words, WORD_FORMAT, WORD_CHECKSUM, WORD_NOTES), WORD_CHECKSUM);
  return bytes;
}

/**
 * Reads an image, which is not changed and is needed until `copyTo` was called.
 * @throws HeapError `ERR_HEAP_CORRUPT` for anything that `writeImage` of this version of the package did not write
 */
export function readImage(bytes: Uint8Array): Image {
  if (bytes.length < HEADER_BYTES || bytes.length % 16 !== 0) throw corrupt("it is cut off");
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  if (String.fromCharCode(...aligned.subarray(0, MAGIC.length)) !== MAGIC)
    throw corrupt("it is no image of a heap");
  const [format, layout, length, arenas] = words.subarray(WORD_FORMAT, WORD_CHECKSUM) as unknown as Four;
  if (length !== bytes.length) throw corrupt(`it has ${bytes.length} bytes and should have ${length}`);
  const sum = checksum(words, WORD_FORMAT, WORD_CHECKSUM, WORD_NOTES);
  if (sum.some((word, i) => word !== words[WORD_CHECKSUM + i])) throw corrupt("its checksum is wrong");
  const kind = (Object.keys(LAYOUT_VERSIONS) as CoreKind[]).find((kind) => LAYOUT_VERSIONS[kind] === layout);
  if (format !== FORMAT || kind === undefined) throw corrupt("another version of the package made it");
  const [notesBytes, runCount, limit] = words.subarray(WORD_NOTES) as unknown as Four;
  const notesAt = padded(HEADER_BYTES + runCount * RUN_BYTES);
  const pagesAt = padded(notesAt + notesBytes);
  if (pagesAt > length || arenas > MAX_ARENAS) throw corrupt("its parts do not fit it");
  const runs = words.subarray(HEADER_BYTES / 4, HEADER_BYTES / 4 + runCount * 2);
  requireRuns(runs, arenas, length - pagesAt);
  return {
    kind,
    arenas,
    limit,
    notes: JSON.parse(new TextDecoder().decode(aligned.subarray(notesAt, notesAt + notesBytes))),
    copyTo: (memory) => {
      let at = pagesAt;
      for (let i = 0; i < runs.length; i += 2) {
        const length = runs[i + 1]! * PAGE_BYTES;
        memory.set(aligned.subarray(at, at + length), runs[i]! * PAGE_BYTES);
        at += length;
      }
    },
  };
}

type Four = [number, number, number, number];

/** Proves that the runs follow each other, lie in the arenas, and are all there. */
function requireRuns(runs: Uint32Array, arenas: number, bytes: number): void {
  let end = 0;
  let pages = 0;
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i]! < end) throw corrupt("its pages are out of order");
    end = runs[i]! + runs[i + 1]!;
    pages += runs[i + 1]!;
  }
  if (end > arenas * ARENA_PAGES || pages * PAGE_BYTES !== bytes) throw corrupt("its pages do not fit it");
}

function padded(bytes: number): number {
  return (bytes + 15) & ~15;
}

/** The error for bytes that are no image, or no whole one. */
export function corrupt(why: string): HeapError {
  return new HeapError("ERR_HEAP_CORRUPT", `restore: the image cannot be used: ${why}`, {
    operation: "restore",
  });
}
