/** A sketch as a small picture of its own. */

import { contextOf } from "../platform/dom.js";
import { INK } from "./pen_outline.js";

const SIDE = 480; // px: the longer side of the picture
const WIDTH = 5; // px

/**
 * @param {HTMLCanvasElement} canvas becomes the picture: ink on nothing
 * @param {{strokes: number[][][], colors?: (string | null)[]}} sketch
 * @param {{left: number, top: number, width: number, height: number}} box the part that is shown, in the sketch's unit
 */
export function drawSketch(canvas, { strokes, colors = [] }, box) {
  const scale = SIDE / Math.max(box.width, box.height);
  canvas.width = Math.max(1, Math.round(box.width * scale));
  canvas.height = Math.max(1, Math.round(box.height * scale));
  const context = contextOf(canvas);
  context.lineWidth = WIDTH;
  context.lineCap = context.lineJoin = "round";
  /** @param {number[]} point @returns {[number, number]} */
  const place = ([x, y]) => [(x - box.left) * scale, (y - box.top) * scale];
  for (const [i, stroke] of strokes.entries()) {
    context.strokeStyle = colors[i] ?? INK;
    context.beginPath();
    context.moveTo(...place(stroke[0]));
    for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(...place(point));
    context.stroke();
  }
}
