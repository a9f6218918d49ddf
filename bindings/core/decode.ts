/** `Uint8Array.fromHex` where the host has it (Node 25, current browsers). */
interface FromHex {
  fromHex?(text: string): Uint8Array<ArrayBuffer>;
}

/** Bytes of a text that has two digits, 0 … 9 and a … f, for each. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as FromHex).fromHex;
  if (native) return native.call(Uint8Array, text);
  const bytes = new Uint8Array(text.length >>> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(text, 2 * i) << 4) | digit(text, 2 * i + 1);
  return bytes;
}

/** Letters have bit 6, digits have not, and what they stand for is in the lowest four bits, less 9. */
function digit(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return (code & 15) + (code >>> 6) * 9;
}
