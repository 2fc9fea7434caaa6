// QR codes (ISO/IEC 18004) of any text, in byte mode, with error correction level M and always the same mask. Every reader
// supports every mask. On a screen, choosing the best mask gains too little to justify the code for it.

const SMALLEST = 1;
const LARGEST = 40;
/** The error correction codewords per block, and the number of blocks, of versions 1 to 40 at level M. */
const CORRECTION = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 28, 28,
];
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
];
const FORMAT = 0b00_100; // level M, mask 4
const masked = (x: number, y: number): boolean => (((y >> 1) + Math.floor(x / 3)) & 1) === 0;

/**
 * The rows of modules, without the quiet zone of four modules. A module that is true is dark. Throws if the text is
 * longer than 2,331 bytes.
 */
export function qrModules(text: string): boolean[][] {
  const bytes = new TextEncoder().encode(text);
  let version = SMALLEST;
  while (version <= LARGEST && 4 + lengthBits(version) + bytes.length * 8 > dataCodewords(version) * 8) version += 1;
  if (version > LARGEST) throw new RangeError(`A QR code holds at most 2331 bytes, not ${bytes.length}.`);
  const drawing = new Drawing(version);
  drawing.data(interleaved(version, packed(version, bytes)));
  return drawing.dark;
}

const lengthBits = (version: number): number => (version < 10 ? 8 : 16);

const alignments = (version: number): number => (version === 1 ? 0 : Math.floor(version / 7) + 2);

/** The number of codewords of a version, for data and error correction together. */
function allCodewords(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  const count = alignments(version);
  if (count) modules -= (25 * count - 10) * count - 55;
  if (version >= 7) modules -= 36;
  return modules >> 3;
}

const dataCodewords = (version: number): number => allCodewords(version) - CORRECTION[version - 1]! * BLOCKS[version - 1]!;

/** The data codewords: mode, length, bytes, terminator, and padding up to the capacity of the version. */
function packed(version: number, bytes: Uint8Array): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number): void => {
    for (let at = length - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  put(0b0100, 4);
  put(bytes.length, lengthBits(version));
  for (const byte of bytes) put(byte, 8);
  const room = dataCodewords(version) * 8;
  put(0, Math.min(4, room - bits.length));
  put(0, -bits.length & 7);
  for (let padding = 0xec; bits.length < room; padding ^= 0xec ^ 0x11) put(padding, 8);
  return Array.from({ length: room / 8 }, (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((byte, bit) => (byte << 1) | bit, 0));
}

/** The codewords of all blocks and of their error correction, interleaved. */
function interleaved(version: number, data: number[]): number[] {
  const [correction, blocks] = [CORRECTION[version - 1]!, BLOCKS[version - 1]!];
  const short = Math.floor(data.length / blocks);
  const long = blocks - (data.length % blocks); // this block and the later ones have one more codeword
  const generator = generatorOf(correction);
  const parts: number[][] = [];
  const ends: number[][] = [];
  for (let block = 0, at = 0; block < blocks; block += 1) {
    const part = data.slice(at, (at += short + (block >= long ? 1 : 0)));
    parts.push(part);
    ends.push(remainder(part, generator));
  }
  const interleave = (rows: number[][], length: number): number[] =>
    Array.from({ length }, (_, at) => rows.flatMap((row) => row[at] ?? [])).flat();
  return [...interleave(parts, short + 1), ...interleave(ends, correction)];
}

/** The product in GF(256), reduced by the polynomial x^8 + x^4 + x^3 + x^2 + 1. */
function multiplied(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

function generatorOf(degree: number): number[] {
  const found = [...Array<number>(degree - 1).fill(0), 1];
  for (let step = 0, root = 1; step < degree; step += 1, root = multiplied(root, 2))
    for (let at = 0; at < degree; at += 1) found[at] = multiplied(found[at]!, root) ^ (found[at + 1] ?? 0);
  return found;
}

function remainder(data: number[], generator: number[]): number[] {
  const left = generator.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ left.shift()!;
    left.push(0);
    generator.forEach((coefficient, at) => (left[at]! ^= multiplied(coefficient, factor)));
  }
  return left;
}

class Drawing {
  readonly dark: boolean[][];
  readonly #taken: boolean[][];
  readonly #size: number;

  constructor(version: number) {
    this.#size = version * 4 + 17;
    const row = (): boolean[] => Array<boolean>(this.#size).fill(false);
    this.dark = Array.from({ length: this.#size }, row);
    this.#taken = Array.from({ length: this.#size }, row);
    this.#timing();
    for (const [x, y] of [[3, 3], [this.#size - 4, 3], [3, this.#size - 4]] as const) this.#rings(x, y, 4);
    this.#alignment(version);
    this.#format();
    if (version >= 7) this.#version(version);
  }

  #set(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.#size || y >= this.#size) return;
    this.dark[y]![x] = dark;
    this.#taken[y]![x] = true;
  }

  #timing(): void {
    for (let at = 0; at < this.#size; at += 1) {
      this.#set(6, at, at % 2 === 0);
      this.#set(at, 6, at % 2 === 0);
    }
  }

  /** A finder pattern with its light border (reach 4), or an alignment pattern (reach 2). */
  #rings(x: number, y: number, reach: number): void {
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1) {
        const distance = Math.max(Math.abs(dx), Math.abs(dy));
        this.#set(x + dx, y + dy, reach === 4 ? distance !== 2 && distance !== 4 : distance !== 1);
      }
  }

  #alignment(version: number): void {
    const count = alignments(version);
    if (!count) return;
    const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
    const places = [6, ...Array.from({ length: count - 1 }, (_, at) => this.#size - 7 - step * (count - 2 - at))];
    const last = places.at(-1)!;
    for (const y of places)
      for (const x of places) if (!((x === 6 && (y === 6 || y === last)) || (x === last && y === 6))) this.#rings(x, y, 2);
  }

  #format(): void {
    const bits = checked(FORMAT, 10, 0x537) ^ 0x5412;
    const bit = (at: number): boolean => ((bits >> at) & 1) === 1;
    for (let at = 0; at < 15; at += 1) {
      // One copy is around the first finder pattern, across the timing patterns. The other is split between the other two finder patterns.
      if (at < 8) this.#set(8, at < 6 ? at : at + 1, bit(at));
      else this.#set(at === 8 ? 7 : 14 - at, 8, bit(at));
      if (at < 8) this.#set(this.#size - 1 - at, 8, bit(at));
      else this.#set(8, this.#size - 15 + at, bit(at));
    }
    this.#set(8, this.#size - 8, true);
  }

  #version(version: number): void {
    const bits = checked(version, 12, 0x1f25);
    for (let at = 0; at < 18; at += 1) {
      const [far, near] = [this.#size - 11 + (at % 3), Math.floor(at / 3)];
      const dark = ((bits >> at) & 1) === 1;
      this.#set(far, near, dark);
      this.#set(near, far, dark);
    }
  }

  /** Place the codewords in pairs of columns from right to left, alternately upwards and downwards. */
  data(codewords: number[]): void {
    let at = 0;
    for (let right = this.#size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5; // column 6 contains a timing pattern
      const upwards = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.#size; step += 1) {
        const y = upwards ? this.#size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.#taken[y]![x]) continue;
          const bit = ((codewords[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
          this.dark[y]![x] = (bit === 1) !== masked(x, y);
          at += 1;
        }
      }
    }
  }
}

/** A number followed by its BCH check bits. */
function checked(value: number, bits: number, generator: number): number {
  let rest = value;
  for (let at = 0; at < bits; at += 1) rest = (rest << 1) ^ ((rest >> (bits - 1)) * generator);
  return (value << bits) | rest;
}
