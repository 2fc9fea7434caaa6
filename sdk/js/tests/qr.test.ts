// The encoder against an independent reader, in every version.
import jsQR from "jsqr";
import { describe, expect, test } from "vitest";
import { qrModules } from "../src/elements/qr";

const QUIET = 4;
const SCALE = 3;

/** The text that a reader finds in a picture of the code. */
function read(modules: boolean[][]): string | undefined {
  const side = (modules.length + 2 * QUIET) * SCALE;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1)
      if (modules[Math.floor(y / SCALE) - QUIET]?.[Math.floor(x / SCALE) - QUIET]) pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
  return jsQR(pixels, side, side)?.data;
}

/** The capacity in bytes of each version at level M, from table 7 of the standard. */
const CAPACITY = [
  14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997, 1059, 1125, 1190, 1264,
  1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331,
];

describe("QR codes", () => {
  test.each(CAPACITY.map((bytes, at) => [at + 1, bytes] as const))("of version %i hold %i bytes, which are read back", (version, bytes) => {
    const text = Array.from({ length: bytes }, (_, at) => String.fromCharCode(33 + ((at * 7 + version) % 90))).join("");
    const modules = qrModules(text);
    expect(modules.length).toBe(17 + 4 * version);
    expect(read(modules)).toBe(text);
  });

  test("hold characters beyond ASCII", () => {
    expect(read(qrModules("Zoë ☕ £"))).toBe("Zoë ☕ £");
  });

  test("refuse text that is too long", () => {
    expect(() => qrModules("x".repeat(2332))).toThrow(/at most 2331 bytes/);
  });
});
