/** What the linker has to know of a wasm file before and after binaryen works on it. */
import { WASM_PAGE_BYTES } from "../core/memory.js";
import { LinkError } from "./errors.js";

const SECTION_IMPORT = 2;
const SECTION_TABLE = 4;
const SECTION_MEMORY = 5;
const SECTION_GLOBAL = 6;
const SECTION_EXPORT = 7;
const SECTION_DATA = 11;

const KIND_FUNCTION = 0;
const KIND_TABLE = 1;
const KIND_MEMORY = 2;
const KIND_GLOBAL = 3;
const KIND_TAG = 4;

const HAS_MAXIMUM = 1;
const IS_SHARED = 2;
const IS_64_BIT = 4;

interface MemoryImport {
  readonly module: string;
  readonly name: string;
  /** The bytes of the file that hold the entry of the import section. */
  readonly entryAt: readonly [start: number, end: number];
}

interface Memory {
  readonly imported: MemoryImport | undefined;
  readonly shared: boolean;
  readonly is64: boolean;
  readonly initialBytes: number;
  /** 4 GiB where the module states none. */
  readonly maximumBytes: number;
  /** The bytes of the file that hold the number of initial pages. */
  readonly initialAt: readonly [start: number, end: number];
}

export interface WasmFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly exportNames: readonly string[];
  readonly memories: readonly Memory[];
  /** Constant i32 values of exported globals. */
  readonly globals: ReadonlyMap<string, number>;
  /** Initial values of mutable i32 globals that the module defines; a stack pointer is one of them. */
  readonly mutable: readonly number[];
  /** The data segments that instantiation writes: from the first byte to behind the last; both 0 without any. */
  readonly dataStart: number;
  readonly dataEnd: number;
}

/** @throws LinkError if the bytes are no wasm module */
export function readWasm(bytes: Uint8Array<ArrayBuffer>): WasmFile {
  if (bytes.length < 8 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== 0x0061736d) {
    throw new LinkError("is not a wasm file");
  }
  if (bytes[4] !== 1 || bytes[6] !== 0) throw new LinkError("is a wasm component, not a core module");
  const cursor = new Cursor(bytes, 8);
  const file = new Parts();
  try {
    while (cursor.at < bytes.length) {
      const section = cursor.byte();
      const end = cursor.unsigned() + cursor.at;
      if (end > bytes.length) throw new RangeError("a section reaches beyond the end");
      file.read(section, cursor);
      cursor.at = end;
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new LinkError("is a damaged wasm file", { cause });
  }
  return file.finish(bytes);
}

/**
 * First byte behind everything static. `__heap_base` is what the linker says of it; without that, a module's memory at
 * the start holds all its data and its stack.
 */
export function staticEnd({ globals, memories, dataEnd }: WasmFile): number {
  const base = globals.get("__heap_base");
  const initial = memories[0]?.initialBytes ?? 0;
  if (base === undefined) return Math.max(initial, dataEnd);
  if (dataEnd > base) throw new LinkError(`has data up to ${dataEnd}, above its __heap_base of ${base}`);
  if (base > initial)
    throw new LinkError(`has a __heap_base of ${base} outside of its memory of ${initial} bytes`);
  return base;
}

/** The file with at least so many bytes of memory at the start. */
export function withInitialMemory(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const { initialBytes, initialAt } = readWasm(bytes).memories[0]!;
  if (least <= initialBytes) return bytes;
  return splice(bytes, ...initialAt, encode(Math.ceil(least / WASM_PAGE_BYTES)));
}

/** The file with its memory among its exports, as `name`, which must be new. */
export function withMemoryExport(bytes: Uint8Array<ArrayBuffer>, name: string): Uint8Array<ArrayBuffer> {
  const cursor = new Cursor(bytes, 8);
  while (cursor.at < bytes.length) {
    const section = cursor.byte();
    const end = cursor.unsigned() + cursor.at;
    const start = cursor.at;
    if (section === SECTION_EXPORT) {
      const count = cursor.unsigned();
      const utf8 = new TextEncoder().encode(name);
      const entry = concatenate([encode(utf8.length), utf8, Uint8Array.of(KIND_MEMORY, 0)]);
      const first = splice(bytes, end, end, entry);
      return splice(first, start, cursor.at, encode(count + 1));
    }
    cursor.at = end;
  }
  throw new LinkError("exports nothing");
}

/**
 * The file with the memory that it imports as one of its own. What is merged shares a memory that one part exports, not
 * one that all of them import.
 */
export function withOwnMemory(file: WasmFile): Uint8Array<ArrayBuffer> {
  const { bytes } = file;
  const { imported, initialAt } = file.memories[0]!;
  if (!imported) return bytes;
  const [start, end] = imported.entryAt;
  const limits = bytes.subarray(initialAt[0] - 1, end);
  const section = concatenate([
    Uint8Array.of(SECTION_MEMORY),
    encode(1 + limits.length),
    Uint8Array.of(1),
    limits,
  ]);
  const cursor = new Cursor(bytes, 8);
  let countAt: readonly [start: number, end: number, count: number] = [0, 0, 0];
  let before = bytes.length;
  while (cursor.at < bytes.length) {
    const at = cursor.at;
    const id = cursor.byte();
    const next = cursor.unsigned() + cursor.at;
    if (id === SECTION_IMPORT) {
      const first = cursor.at;
      const count = cursor.unsigned();
      countAt = [first, cursor.at, count];
    }
    if (before === bytes.length && id > SECTION_TABLE) before = at;
    cursor.at = next;
  }
  const added = concatenate([bytes.subarray(0, before), section, bytes.subarray(before)]);
  const [countStart, countEnd, count] = countAt;
  return splice(splice(added, start, end, new Uint8Array()), countStart, countEnd, encode(count - 1));
}

/** A module that does nothing but write words to a memory that it imports. */
export function wordsModule(
  [module, name]: readonly [string, string],
  address: number,
  words: readonly number[],
): Uint8Array<ArrayBuffer> {
  const section = (id: number, ...parts: Uint8Array[]) => {
    const contents = concatenate(parts);
    return [Uint8Array.of(id), encode(contents.length), contents];
  };
  const text = (value: string) => {
    const utf8 = new TextEncoder().encode(value);
    return concatenate([encode(utf8.length), utf8]);
  };
  const data = new Uint8Array(Uint32Array.from(words).buffer);
  // i32.const address; the highest bit of five groups is 0, so the number is not negative.
  const groups = Array.from(
    { length: 5 },
    (_, i) => (Math.floor(address / 128 ** i) & 0x7f) | (i < 4 ? 0x80 : 0),
  );
  return concatenate([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    ...section(SECTION_IMPORT, Uint8Array.of(1), text(module), text(name), Uint8Array.of(KIND_MEMORY, 0, 0)),
    ...section(SECTION_DATA, Uint8Array.of(1, 0, 0x41, ...groups, 0x0b), encode(data.length), data),
  ]);
}

/** Gathers what the sections say. */
class Parts {
  readonly exportNames: string[] = [];
  readonly memories: Memory[] = [];
  readonly globals = new Map<string, number>();
  readonly mutable: number[] = [];
  /** Of each global: its constant, or undefined where it is imported, computed or no i32. */
  readonly #constants: (number | undefined)[] = [];
  #dataStart = 0;
  #dataEnd = 0;

  read(section: number, cursor: Cursor): void {
    if (section === SECTION_IMPORT) cursor.each(() => this.#readImport(cursor));
    else if (section === SECTION_MEMORY) cursor.each(() => this.memories.push(cursor.memory(undefined)));
    else if (section === SECTION_GLOBAL) cursor.each(() => this.#readGlobal(cursor));
    else if (section === SECTION_EXPORT) cursor.each(() => this.#readExport(cursor));
    else if (section === SECTION_DATA) cursor.each(() => this.#readData(cursor));
  }

  finish(bytes: Uint8Array<ArrayBuffer>): WasmFile {
    const { exportNames, memories, globals, mutable } = this;
    return {
      bytes,
      exportNames,
      memories,
      globals,
      mutable,
      dataStart: this.#dataStart,
      dataEnd: this.#dataEnd,
    };
  }

  #readImport(cursor: Cursor): void {
    const start = cursor.at;
    const module = cursor.name();
    const name = cursor.name();
    const kind = cursor.byte();
    if (kind === KIND_FUNCTION) cursor.unsigned();
    else if (kind === KIND_TABLE) {
      cursor.type();
      cursor.memory(undefined);
    } else if (kind === KIND_MEMORY) {
      const memory = cursor.memory(undefined);
      this.memories.push({ ...memory, imported: { module, name, entryAt: [start, cursor.at] } });
    } else if (kind === KIND_GLOBAL) {
      cursor.type();
      cursor.byte();
      this.#constants.push(undefined);
    } else if (kind === KIND_TAG) {
      cursor.byte();
      cursor.unsigned();
    } else throw new LinkError(`imports ${module}.${name}, of a kind that is not known`);
  }

  #readGlobal(cursor: Cursor): void {
    cursor.type();
    const mutable = cursor.byte() === 1;
    const value = cursor.constant();
    this.#constants.push(value);
    if (mutable && value !== undefined) this.mutable.push(value);
  }

  #readExport(cursor: Cursor): void {
    const name = cursor.name();
    const kind = cursor.byte();
    const index = cursor.unsigned();
    this.exportNames.push(name);
    const value = kind === KIND_GLOBAL ? this.#constants[index] : undefined;
    if (value !== undefined) this.globals.set(name, value);
  }

  #readData(cursor: Cursor): void {
    const flags = cursor.unsigned();
    if (flags === 2) cursor.unsigned();
    const start = flags === 1 ? undefined : cursor.constant();
    const length = cursor.unsigned();
    cursor.at += length;
    if (start === undefined) return;
    this.#dataStart = this.#dataEnd === 0 ? start : Math.min(this.#dataStart, start);
    this.#dataEnd = Math.max(this.#dataEnd, start + length);
  }
}

class Cursor {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError("the file ends too early");
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  name(): string {
    const length = this.unsigned();
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError("the file ends too early");
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  each(item: () => void): void {
    for (let count = this.unsigned(); count > 0; count--) item();
  }

  /** A value type: one byte, or a reference with its heap type. */
  type(): void {
    const type = this.byte();
    if (type === 0x63 || type === 0x64) this.unsigned();
  }

  /** Limits of a memory or, with the same encoding, of a table. */
  memory(imported: MemoryImport | undefined): Memory {
    const flags = this.byte();
    const start = this.at;
    const pages = this.unsigned();
    const end = this.at;
    const maximum = flags & HAS_MAXIMUM ? this.unsigned() : 65_536;
    return {
      imported,
      shared: (flags & IS_SHARED) !== 0,
      is64: (flags & IS_64_BIT) !== 0,
      initialBytes: pages * WASM_PAGE_BYTES,
      maximumBytes: maximum * WASM_PAGE_BYTES,
      initialAt: [start, end],
    };
  }

  /** A constant expression; its value if it is nothing but one i32. */
  constant(): number | undefined {
    let value: number | undefined;
    let operations = 0;
    for (;;) {
      const operation = this.byte();
      if (operation === 0x0b) return operations === 1 && value !== undefined ? value >>> 0 : undefined;
      operations++;
      if (operation === 0x41) value = this.#signed();
      else if (operation === 0x42 || operation === 0x23 || operation === 0xd2) this.unsigned();
      else if (operation === 0xd0) this.type();
      else if (operation === 0x43) this.at += 4;
      else if (operation === 0x44) this.at += 8;
      else if (operation === 0xfd) {
        this.unsigned();
        this.at += 16;
      } else if (operation < 0x6a || operation > 0x7e) throw new RangeError("an unknown constant expression");
    }
  }

  #signed(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      return byte & 0x40 && shift < 25 ? value | (-1 << (shift + 7)) : value;
    }
  }
}

/** The file with other bytes in place of [start, end), which lies in one section; that keeps its true size. */
function splice(
  bytes: Uint8Array,
  start: number,
  end: number,
  replacement: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const cursor = new Cursor(bytes, 8);
  for (;;) {
    cursor.byte();
    const sizeAt = cursor.at;
    const size = cursor.unsigned();
    const contents = cursor.at;
    cursor.at += size;
    if (cursor.at < end) continue;
    return concatenate([
      bytes.subarray(0, sizeAt),
      encode(size + replacement.length - (end - start)),
      bytes.subarray(contents, start),
      replacement,
      bytes.subarray(end),
    ]);
  }
}

function encode(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, value]);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
