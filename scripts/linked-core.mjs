// Makes the core that `tallyheap link` puts into other modules. Its state block may lie at any address: the core is
// compiled for two addresses so high that each constant which depends on them takes the most bytes that one can take,
// and where the two results differ, a linker writes another one.

/** Addresses to compile for. */
export const TRIAL_ADDRESSES = /** @type {const} */ ([0x40000000, 0x50000000]);

const ARENA_SHIFT = 18;
const ADDRESS_BYTES = 5;
const ARENA_NUMBER_BYTES = 2;
/** What a linked module exports its memory to the core as; bindings/link/link.ts gives it that name. */
const MEMORY_IMPORT = /** @type {const} */ (["tallyheap:client", "tallyheap:memory"]);

/**
 * @param {Uint8Array} first the core compiled for the first of TRIAL_ADDRESSES
 * @param {Uint8Array} second and for the second
 */
export function relocatable(first, second) {
  const [one, other] = [withMemoryImport(first), withMemoryImport(second)];
  if (one.length !== other.length) throw new Error("the length of the core depends on its address");
  const step = TRIAL_ADDRESSES[1] - TRIAL_ADDRESSES[0];
  const addresses = [];
  const arenas = [];
  for (let at = 0; at < one.length; at++) {
    if (one[at] === other[at]) continue;
    // Both addresses are multiples of 2²⁸: the constants differ in their last byte.
    const address = at - (ADDRESS_BYTES - 1);
    const arena = at - (ARENA_NUMBER_BYTES - 1);
    if (difference(one, other, address, ADDRESS_BYTES) === step) addresses.push(address);
    else if (difference(one, other, arena, ARENA_NUMBER_BYTES) === step >>> ARENA_SHIFT) arenas.push(arena);
    else throw new Error(`the core depends on its address in an unknown way at ${at}`);
  }
  return [
    "// Generated from assembly/abi/linked.ts by scripts/linked-core.mjs. Do not edit.",
    "",
    "export const linkedCore = {",
    `  hex: "${one.toString("hex")}",`,
    "  /** The address that the core was compiled for, and the bytes that it keeps there. */",
    `  address: ${TRIAL_ADDRESSES[0]},`,
    `  stateBytes: ${stateBytes(one)},`,
    "  /** Places in the file: addresses in five bytes, and the number of the first arena in two. */",
    `  addresses: ${JSON.stringify(addresses)},`,
    `  arenaNumbers: ${JSON.stringify(arenas)},`,
    "};",
    "",
  ].join("\n");
}

/** Bytes that the core keeps at its address. @param {Uint8Array<ArrayBuffer>} bytes */
function stateBytes(bytes) {
  const [module, name] = MEMORY_IMPORT;
  const memory = new WebAssembly.Memory({ initial: 0 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [module]: { [name]: memory } });
  const { tallyheap_state, tallyheap_state_end } =
    /** @type {{ tallyheap_state: WebAssembly.Global, tallyheap_state_end: () => number }} */ (
      /** @type {unknown} */ (instance.exports)
    );
  return tallyheap_state_end() - tallyheap_state.value;
}

/** The file with its only import, the memory, under another name. @param {Uint8Array} bytes */
function withMemoryImport(bytes) {
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at];
    const size = decode(bytes, at + 1);
    const end = size.at + size.value;
    if (id === 2) {
      if (bytes[size.at] !== 1) throw new Error("the core must import its memory and nothing else");
      const body = [1, ...MEMORY_IMPORT.flatMap(string), 2, 0, 0];
      return Buffer.from([
        ...bytes.subarray(0, at),
        2,
        ...unsigned(body.length),
        ...body,
        ...bytes.subarray(end),
      ]);
    }
    at = end;
  }
  throw new Error("the core has no imports");
}

/** @param {Uint8Array} one @param {Uint8Array} other @param {number} at @param {number} length */
function difference(one, other, at, length) {
  const [a, b] = [decode(one, at), decode(other, at)];
  return a.at - at === length && b.at - at === length ? b.value - a.value : NaN;
}

/** @param {Uint8Array} bytes @param {number} at */
function decode(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, at };
  }
}

/** @param {number} value @returns {number[]} */
function unsigned(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 128))];
}

/** @param {string} text */
function string(text) {
  return [...unsigned(text.length), ...Buffer.from(text)];
}
