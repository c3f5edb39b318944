/** The eraser for whole strokes, and where an eraser is on its way. */

/** @typedef {import("../sketch.js").Point} Point */
/** @typedef {import("../sketch.js").Stroke} Stroke */

export const REACH = 12; // CSS px: about half a fingertip

/**
 * @param {readonly Stroke[]} strokes
 * @param {Point} from the eraser's last place
 * @param {Point} to its place now
 * @param {number} scale of the view, so that the reach is the same on a shrunk sketch
 * @returns {readonly Stroke[]} what is left: the same array when nothing was touched on the way
 */
export function withoutTouched(strokes, from, to, scale) {
  const left = strokes.filter(
    (stroke) => !stroke.some((point, i) => meets(stroke[Math.max(0, i - 1)], point, from, to, REACH / scale)),
  );
  return left.length < strokes.length ? left : strokes;
}

/**
 * Whether segments ab and cd cross or come within `reach` of each other.
 * @param {Point} a @param {Point} b @param {Point} c @param {Point} d @param {number} reach
 */
export function meets(a, b, c, d, reach) {
  if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
  return Math.min(gap(a, c, d), gap(b, c, d), gap(c, a, b), gap(d, a, b)) <= reach;
}

/** Positive on one side of the line ab, negative on the other. @param {Point} a @param {Point} b @param {Point} p */
function side(a, b, p) {
  return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
}

/** Distance from p to the segment ab. @param {Point} p @param {Point} a @param {Point} b */
export function gap(p, a, b) {
  const [x, y] = [b[0] - a[0], b[1] - a[1]];
  const along = ((p[0] - a[0]) * x + (p[1] - a[1]) * y) / (x * x + y * y || 1);
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(p[0] - a[0] - t * x, p[1] - a[1] - t * y);
}
