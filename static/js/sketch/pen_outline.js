/**
 * How strokes look: outlines by perfect-freehand, filled. An outline is a function of the stroke alone, so the same
 * strokes are the same picture on the paper, replayed, and saved.
 *
 * A long stroke is a row of pieces. All but the last one stay as they are while it grows, so a frame costs the same
 * after twenty seconds of drawing as after two.
 */

import { UNMEASURED } from "./sketch.js";
import { getStroke } from "../vendor/perfect-freehand.js";

export const INK = "#15171e";
export const PAPER = "#fff";
export const SIZE = 3.6; // CSS px at middle pressure

/** @typedef {Pick<Path2D, "moveTo" | "quadraticCurveTo" | "closePath">} Outline */

const PEN = { size: SIZE, thinning: 0.3, streamline: 0.35, simulatePressure: false };
const PIECE = 256; // points
const LEAD = 16; // points that a piece begins early: smoothing has forgotten by then where it began

/** @param {import("./sketch.js").Stroke} stroke @returns {number} how many pieces it has, the growing one included */
export function pieces(stroke) {
  return Math.max(1, Math.ceil((stroke.length - 1) / PIECE));
}

/** @param {import("./sketch.js").Stroke} stroke @param {number} piece @returns {import("./sketch.js").Point[]} */
export function pointsOf(stroke, piece) {
  return stroke.slice(Math.max(0, piece * PIECE - LEAD), (piece + 1) * PIECE + 1);
}

/**
 * Traces the outline of a piece.
 * @param {Outline} path
 * @param {import("./sketch.js").Stroke} stroke
 * @param {number} piece
 */
export function trace(path, stroke, piece) {
  const last = piece === pieces(stroke) - 1; // others end where the next one goes on, not at their last point
  const outline = getStroke(pressed(stroke, piece), { ...PEN, last });
  outline.forEach(([x, y], i) => {
    const [nextX, nextY] = outline[(i + 1) % outline.length];
    if (i === 0) path.moveTo((x + nextX) / 2, (y + nextY) / 2);
    else path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
  path.closePath();
}

/**
 * The points of a piece with pressures: the pen's own or, where nothing measured any, of a hand that presses less the
 * quicker it moves. That is the library's formula; it cannot do it for us, since it would begin anew with each piece.
 * @param {import("./sketch.js").Stroke} stroke @param {number} piece
 */
function pressed(stroke, piece) {
  const points = pointsOf(stroke, piece);
  if (stroke.slice(0, PIECE).some(([, , pressure]) => pressure !== UNMEASURED)) return points;
  const first = Math.max(0, piece * PIECE - LEAD);
  let pressure = UNMEASURED;
  for (let i = 1; i < first + points.length; i++) {
    const [[x, y], [lastX, lastY]] = [stroke[i], stroke[i - 1]];
    const speed = Math.min(1, Math.hypot(x - lastX, y - lastY) / SIZE);
    pressure += (1 - speed - pressure) * speed * 0.275;
    if (i >= first) points[i - first] = [x, y, pressure];
  }
  return points;
}
