/** How strokes look: lines smoothed by quadratic curves through the midpoints of neighbouring points. */

const INK = "#15171e";
const PAPER = "#fff";
const WIDTH = 3.2; // CSS px at middle pressure

/**
 * Paints the whole sketch on white.
 * @param {CanvasRenderingContext2D} context
 * @param {readonly import("./strokes.js").Stroke[]} strokes
 * @param {import("./view.js").View} view
 * @param {number} density device pixels per CSS pixel
 */
export function paint(context, strokes, view, density) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = PAPER; // never transparent: what is seen is what a saved picture holds
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  prepare(context, view, density);
  for (const stroke of strokes) {
    paintFrom(context, stroke, 0, view);
    finish(context, stroke, view);
  }
}

/** Sets the pen up in the sketch's own coordinates. */
export function prepare(context, view, density) {
  const zoom = view.scale * density;
  context.setTransform(zoom, 0, 0, zoom, view.x * density, view.y * density);
  context.strokeStyle = context.fillStyle = INK;
  context.lineCap = context.lineJoin = "round";
}

/**
 * Paints what a growing stroke gained, up to the middle of its last segment; paint() draws the very same pieces.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./strokes.js").Stroke} stroke
 * @param {number} from the number of points that are painted already
 * @param {import("./view.js").View} view
 */
export function paintFrom(context, stroke, from, view) {
  for (let i = Math.max(1, from); i < stroke.length; i++) {
    const before = i > 1 ? middle(stroke[i - 2], stroke[i - 1]) : stroke[0];
    const after = middle(stroke[i - 1], stroke[i]);
    context.lineWidth = widthAt(stroke[i - 1], view);
    context.beginPath();
    context.moveTo(before[0], before[1]);
    context.quadraticCurveTo(stroke[i - 1][0], stroke[i - 1][1], after[0], after[1]);
    context.stroke();
  }
}

/** Paints the last half segment, or the dot that a single point is. */
export function finish(context, stroke, view) {
  const last = stroke.at(-1);
  const from = stroke.length > 1 ? middle(stroke.at(-2), last) : last;
  context.lineWidth = widthAt(last, view);
  context.beginPath();
  context.moveTo(from[0], from[1]);
  context.lineTo(last[0], last[1]); // of no length for a dot: its round caps are the dot
  context.stroke();
}

function middle(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function widthAt([, , pressure], view) {
  return (WIDTH * (0.55 + 0.9 * pressure)) / view.scale;
}
