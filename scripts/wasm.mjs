// Reads what the checks need from a wasm file: imports, exports, globals and data segments.

const KINDS = ["func", "table", "memory", "global"];
const TYPES = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
]);

/**
 * @typedef {object} WasmSummary
 * @property {string[]} imports such as "env.grown: func () -> ()"
 * @property {string[]} exports such as "malloc: func (i32) -> (i32)"
 * @property {string[]} mutableGlobals "type index" of each mutable global, imported ones included
 * @property {{ offset: number, length: number }[]} activeData address and size of each active data segment
 */

/**
 * @param {Uint8Array} bytes
 * @returns {WasmSummary}
 */
export function summarize(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0x6d736100) throw new Error("not a wasm file");
  let at = 8;
  const byte = () => view.getUint8(at++);
  const skip = (/** @type {number} */ count) => void (at += count);
  const unsigned = () => {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const part = byte();
      result += (part & 0x7f) * 2 ** shift;
      if (part < 0x80) return result;
    }
  };
  const name = () => {
    const length = unsigned();
    skip(length);
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  /** @template T @param {() => T} item */
  const vector = (item) => Array.from({ length: unsigned() }, item);
  const type = () => TYPES.get(byte()) ?? "?";
  const limits = () => {
    const flags = byte();
    return [unsigned(), ...(flags & 1 ? [unsigned()] : [])];
  };
  /** A constant expression; its value if it is one i32.const. */
  const constant = () => {
    const operation = byte();
    let value = 0;
    if (operation === 0x41) {
      for (let shift = 0, more = true; more; shift += 7) {
        const part = byte();
        value |= (part & 0x7f) << shift;
        more = part >= 0x80;
        if (part < 0x40 || more || shift + 7 >= 32) continue;
        value |= -1 << (shift + 7);
      }
    } else if (operation === 0x42 || operation === 0x23) unsigned();
    else if (operation === 0x43) skip(4);
    else if (operation === 0x44) skip(8);
    if (byte() !== 0x0b) throw new Error(`unexpected constant expression at ${at}`);
    return operation === 0x41 ? value >>> 0 : undefined;
  };

  /** @type {string[]} */ let signatures = [];
  /** @type {string[]} */ const functions = [];
  /** @type {string[]} */ const globals = [];
  /** @type {WasmSummary} */
  const summary = { imports: [], exports: [], mutableGlobals: [], activeData: [] };
  const addGlobal = () => {
    const kind = type();
    const mutable = byte() === 1;
    if (mutable) summary.mutableGlobals.push(`${kind} ${globals.length}`);
    globals.push(mutable ? `${kind} mutable` : kind);
    return kind;
  };
  /** @type {Record<number, () => void>} */
  const sections = {
    1: () => {
      signatures = vector(() => {
        byte();
        return `(${vector(type).join(", ")}) -> (${vector(type).join(", ")})`;
      });
    },
    2: () => {
      vector(() => {
        const path = `${name()}.${name()}`;
        const kind = KINDS[byte()] ?? "?";
        let detail = "";
        if (kind === "func") functions.push((detail = ` ${signatures[unsigned()]}`));
        else if (kind === "memory") limits();
        else if (kind === "global") detail = ` ${addGlobal()}`;
        else {
          type();
          limits();
        }
        summary.imports.push(`${path}: ${kind}${detail}`);
      });
    },
    3: () => void vector(() => functions.push(` ${signatures[unsigned()]}`)),
    6: () => {
      vector(() => {
        addGlobal();
        constant();
      });
    },
    7: () => {
      vector(() => {
        const exported = name();
        const kind = KINDS[byte()] ?? "?";
        const index = unsigned();
        const detail = kind === "func" ? functions[index] : kind === "global" ? ` ${globals[index]}` : "";
        summary.exports.push(`${exported}: ${kind}${detail}`);
      });
    },
    11: () => {
      vector(() => {
        const flags = unsigned();
        if (flags === 2) unsigned();
        const offset = flags === 1 ? undefined : constant();
        const length = unsigned();
        skip(length);
        if (flags !== 1) summary.activeData.push({ offset: offset ?? NaN, length });
      });
    },
  };
  while (at < bytes.length) {
    const id = byte();
    const end = unsigned() + at;
    sections[id]?.();
    at = end;
  }
  summary.imports.sort();
  summary.exports.sort();
  return summary;
}
