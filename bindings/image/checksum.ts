// An odd factor and a rotation: each step is a bijection of the sum for any word, and of the word for any sum.
const FACTOR = 0x9e3779b1;
const ROTATE = 13;

type Sums = [number, number, number, number];

/**
 * Four sums of 32 bits over the words from `from` on, every fourth word to each, begun with the words [head, headEnd). A
 * change within one word changes its sum for certain; what several changes do is a matter of chance, 2⁻³² at best. For
 * accidents: who wants to can make an image with any sum.
 */
export function checksum(words: Uint32Array, head: number, headEnd: number, from: number): number[] {
  const sums = add([FACTOR | 0, 0, 0, 0], words, head, headEnd);
  return add(sums, words, from, words.length).map((sum) => sum >>> 0);
}

function add([a, b, c, d]: Sums, words: Uint32Array, start: number, end: number): Sums {
  for (let i = start; i < end; i += 4) {
    a = Math.imul(a ^ words[i]!, FACTOR);
    b = Math.imul(b ^ words[i + 1]!, FACTOR);
    c = Math.imul(c ^ words[i + 2]!, FACTOR);
    d = Math.imul(d ^ words[i + 3]!, FACTOR);
    a = (a << ROTATE) | (a >>> (32 - ROTATE));
    b = (b << ROTATE) | (b >>> (32 - ROTATE));
    c = (c << ROTATE) | (c >>> (32 - ROTATE));
    d = (d << ROTATE) | (d >>> (32 - ROTATE));
  }
  return [a, b, c, d];
}
