/**
 * Strokes as few bytes, without loss: steps of the grid from point to point, small numbers in small space. All numbers
 * are varints: 7 bits a byte, lowest first; signed ones are folded to 0, -1, 1, -2 ... first.
 *
 *     sketch   number of strokes, strokes; where any has a colour, the place of each one's in COLOURS, 0 for ink
 *     stroke   2 * number of points + 1 if pressure was measured, then (dx, dy) of each point, then their pressures' steps
 *
 * The first point counts from the last one of the stroke before. Pressure counts from UNMEASURED.
 */

import { COLOURS, GRID, PRESSURES, UNMEASURED, colour, colourOf } from "./sketch.js";

/** @typedef {import("./sketch.js").Stroke} Stroke */

const FAR = 20_000 / GRID; // steps from the middle: no paper is that large

/** @param {readonly Stroke[]} strokes @returns {Uint8Array<ArrayBuffer>} */
export function pack(strokes) {
  /** @type {number[]} */
  const bytes = [];
  /** @param {number} value */
  const put = (value) => {
    for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
    bytes.push(value);
  };
  /** @param {number} step */
  const putStep = (step) => put(step < 0 ? -2 * step - 1 : 2 * step);
  let [x, y] = [0, 0];
  put(strokes.length);
  for (const stroke of strokes) {
    const measured = stroke.some(([, , pressure]) => pressure !== UNMEASURED);
    put(2 * stroke.length + Number(measured));
    for (const point of stroke) {
      const [nextX, nextY] = [point[0] / GRID, point[1] / GRID];
      putStep(nextX - x);
      putStep(nextY - y);
      [x, y] = [nextX, nextY];
    }
    if (measured) putPressures(stroke, putStep);
  }
  const places = strokes.map((stroke) => COLOURS.indexOf(colourOf(stroke) ?? "") + 1);
  if (places.some(Boolean)) places.forEach(put);
  return Uint8Array.from(bytes);
}

/**
 * @param {Uint8Array} bytes
 * @returns {Stroke[]}
 * @throws {RangeError} for bytes that pack() does not make
 */
export function unpack(bytes) {
  let at = 0;
  const take = () => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at === bytes.length) throw new RangeError("the bytes end too early");
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError("a number is too long");
  };
  const takeStep = () => {
    const folded = take();
    return folded & 1 ? -(folded + 1) / 2 : folded / 2;
  };
  let [x, y] = [0, 0];
  const strokes = Array.from({ length: atMost(take(), bytes.length) }, () => {
    const header = take();
    /** @type {Stroke} */
    const stroke = Array.from({ length: atMost(header >> 1, bytes.length) }, () => {
      [x, y] = [x + takeStep(), y + takeStep()];
      if (Math.max(Math.abs(x), Math.abs(y)) > FAR) throw new RangeError("a point lies off every paper");
      return [x * GRID, y * GRID, UNMEASURED];
    });
    if (!stroke.length) throw new RangeError("a stroke is empty");
    if (header & 1) takePressures(stroke, takeStep);
    return stroke;
  });
  if (at < bytes.length) {
    for (const stroke of strokes) colour(stroke, COLOURS[take() - 1]);
  }
  if (at < bytes.length) throw new RangeError("there are bytes left over");
  return strokes;
}

/** Bytes as text that addresses may hold: base64url. @param {Uint8Array} bytes */
export function toText(bytes) {
  let characters = "";
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text of toText() @returns {Uint8Array<ArrayBuffer>} @throws for any other text */
export function fromText(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

/** @param {Stroke} stroke @param {(step: number) => void} putStep */
function putPressures(stroke, putStep) {
  let last = UNMEASURED * PRESSURES;
  for (const [, , pressure] of stroke) {
    const next = Math.round(pressure * PRESSURES);
    putStep(next - last);
    last = next;
  }
}

/** @param {Stroke} stroke @param {() => number} takeStep */
function takePressures(stroke, takeStep) {
  let last = UNMEASURED * PRESSURES;
  for (const point of stroke) {
    last += takeStep();
    if (last < 0 || last > PRESSURES) throw new RangeError("a pressure is not between 0 and 1");
    point[2] = last / PRESSURES;
  }
}

/**
 * A count cannot be larger than what is there to count: so wrong ones cost neither time nor memory.
 * @param {number} count @param {number} length
 */
function atMost(count, length) {
  if (count > length) throw new RangeError("there is less than announced");
  return count;
}
