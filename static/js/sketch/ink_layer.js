/**
 * The canvas. Finished strokes are painted once, on a layer that nobody sees; the growing end of a stroke is painted
 * anew every frame, over what the layer holds at that place.
 */

import { contextOf } from "../platform/dom.js";
import { INK, PAPER, SIZE, pieces, pointsOf, trace } from "./pen_outline.js";
import { boundsOf, colourOf } from "./sketch.js";

/** @typedef {import("./sketch.js").Stroke} Stroke */

export class Surface {
  #canvas;
  #layer = document.createElement("canvas");
  #seen;
  #kept;
  /** @type {import("./viewport.js").View} */
  #view = { scale: 1, x: 0, y: 0 };
  #density = 1;
  /** @type {Stroke[]} */
  #painted = []; // what the layer holds, in this order ...
  /** @type {Stroke | null} */
  #growing = null; // ... and of this stroke the pieces before #piece
  #piece = 0;
  /** @type {{x: number, y: number, width: number, height: number} | null} */
  #patch = null; // device pixels where the canvas shows more than the layer holds

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#seen = contextOf(canvas, { alpha: false });
    this.#kept = contextOf(this.#layer, { alpha: false });
  }

  /**
   * Takes the size and empties the canvas.
   * @param {import("./viewport.js").Size} size
   * @param {number} density device pixels per CSS pixel
   */
  resize({ width, height }, density) {
    this.#density = density;
    this.#canvas.width = this.#layer.width = Math.round(width * density);
    this.#canvas.height = this.#layer.height = Math.round(height * density);
    this.#empty();
  }

  /**
   * Shows finished strokes.
   * @param {readonly Stroke[]} strokes
   * @param {import("./viewport.js").View} view
   */
  show(strokes, view) {
    const next = strokes[this.#painted.length] ?? null;
    const more = this.#painted.every((stroke, i) => stroke === strokes[i]) && (!this.#growing || this.#growing === next);
    if (!more || view !== this.#view) this.#empty();
    this.#view = view;
    this.#clean();
    for (const stroke of strokes.slice(this.#painted.length)) {
      this.#fix(stroke, pieces(stroke));
      this.#painted.push(stroke);
      this.#growing = null;
      this.#piece = 0;
    }
  }

  /** Shows a stroke that is not finished, after what show() was given. @param {Stroke} stroke */
  grow(stroke) {
    this.#clean();
    const last = pieces(stroke) - 1;
    this.#growing = stroke;
    this.#fix(stroke, last);
    this.#fill(this.#seen, outline(stroke, last), colourOf(stroke));
    this.#patch = this.#around(pointsOf(stroke, last));
  }

  /** Paints the pieces before `end` that are not painted yet, for good. @param {Stroke} stroke @param {number} end */
  #fix(stroke, end) {
    for (; this.#piece < end; this.#piece++) {
      const path = finalOutline(stroke, this.#piece);
      for (const context of [this.#kept, this.#seen]) this.#fill(context, path, colourOf(stroke));
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Path2D} path @param {string | null} colour */
  #fill(context, path, colour) {
    const zoom = this.#view.scale * this.#density;
    context.setTransform(zoom, 0, 0, zoom, this.#view.x * this.#density, this.#view.y * this.#density);
    context.fillStyle = colour ?? INK;
    context.fill(path);
  }

  #empty() {
    for (const context of [this.#kept, this.#seen]) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = PAPER; // never transparent: what is seen is what a saved picture holds
      context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    }
    this.#painted = [];
    this.#growing = this.#patch = null;
    this.#piece = 0;
  }

  /** Takes the growing end away again. */
  #clean() {
    if (!this.#patch) return;
    const { x, y, width, height } = this.#patch;
    this.#patch = null;
    this.#seen.setTransform(1, 0, 0, 1, 0, 0);
    this.#seen.drawImage(this.#layer, x, y, width, height, x, y, width, height);
  }

  /** The whole device pixels that the ink of these points may touch. @param {import("./sketch.js").Point[]} points */
  #around(points) {
    const bounds = boundsOf([points]);
    if (!bounds) return null;
    /** @param {number} value @param {number} shift */
    const place = (value, shift) => (value * this.#view.scale + shift) * this.#density;
    /** @param {number} value @param {number} shift */
    const low = (value, shift) => Math.max(0, Math.floor(place(value - 2 * SIZE, shift)));
    const [x, y] = [low(bounds.left, this.#view.x), low(bounds.top, this.#view.y)];
    const width = Math.min(this.#canvas.width, Math.ceil(place(bounds.right + 2 * SIZE, this.#view.x))) - x;
    const height = Math.min(this.#canvas.height, Math.ceil(place(bounds.bottom + 2 * SIZE, this.#view.y))) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
  }
}

/** @type {WeakMap<Stroke, Path2D[]>} */
const outlines = new WeakMap(); // stroke -> its pieces: an eraser repaints all of them many times

/** The outline of a piece that does not change any more. @param {Stroke} stroke @param {number} piece */
function finalOutline(stroke, piece) {
  const known = outlines.get(stroke) ?? [];
  outlines.set(stroke, known);
  return (known[piece] ??= outline(stroke, piece));
}

/** @param {Stroke} stroke @param {number} piece */
function outline(stroke, piece) {
  const path = new Path2D();
  trace(path, stroke, piece);
  return path;
}
