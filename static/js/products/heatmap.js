/** A map of attention as a translucent layer in one colour. */

import { contextOf } from "../platform/dom.js";

const SIDE = 480; // px: the longer side of a layer; it is soft anyway
const DENSEST = 0.75; // opacity where the map is 1

/**
 * Makes a canvas the layer that lies on a picture of the same proportions.
 * @param {HTMLCanvasElement} canvas its CSS colour is the layer's
 * @param {number[][] | null} attention rows of 0..1; null leaves the layer empty
 * @param {import("./match_overlay.js").Side["box"]} box
 */
export function layHeat(canvas, attention, box) {
  const scale = SIDE / Math.max(box.picture_width, box.picture_height);
  canvas.width = Math.max(1, Math.round(box.picture_width * scale));
  canvas.height = Math.max(1, Math.round(box.picture_height * scale));
  if (!attention) return;
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(toCanvas(attention), box.left * scale, box.top * scale, box.width * scale, box.height * scale);
  context.globalCompositeOperation = "source-in"; // the map is all opacity: only now it gets its colour
  context.fillStyle = window.getComputedStyle(canvas).color;
  context.fillRect(0, 0, canvas.width, canvas.height);
}

/** One pixel for each number, as black of that opacity. @param {number[][]} attention */
function toCanvas(attention) {
  const canvas = document.createElement("canvas");
  canvas.width = attention[0].length;
  canvas.height = attention.length;
  const context = contextOf(canvas);
  const image = context.createImageData(canvas.width, canvas.height);
  attention.flat().forEach((value, i) => (image.data[4 * i + 3] = 255 * DENSEST * value));
  context.putImageData(image, 0, 0);
  return canvas;
}
