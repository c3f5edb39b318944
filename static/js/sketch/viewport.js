/**
 * Where the sketch lies on a paper whose size changes. The sketch's origin is the middle of every paper; only what
 * would be cut off is moved or shrunk, so that turning the phone back gives exactly the picture from before.
 *
 * @typedef {{scale: number, x: number, y: number}} View   paper = sketch * scale + (x, y)
 * @typedef {{width: number, height: number}} Size          CSS pixels
 */

import { boundsOf, isApart, pointAt, snap } from "./sketch.js";

const MARGIN = 12; // CSS px kept free around a sketch that had to be moved
const SHARE = 0.8; // of the paper, for a sketch that comes from elsewhere

/**
 * The view that keeps the origin in the paper's middle as long as the paper then shows the whole sketch.
 * @param {Size} paper
 * @param {ReturnType<import("./sketch.js").boundsOf>} bounds of the sketch
 * @returns {View}
 */
export function fit(paper, bounds) {
  const centred = { scale: 1, x: snap(paper.width / 2), y: snap(paper.height / 2) };
  if (!bounds || holds(paper, bounds, centred)) return centred;
  const width = bounds.right - bounds.left;
  const height = bounds.bottom - bounds.top;
  const scale = Math.min(1, (paper.width - 2 * MARGIN) / width, (paper.height - 2 * MARGIN) / height);
  return {
    scale,
    x: place(bounds.left * scale, bounds.right * scale, centred.x, paper.width),
    y: place(bounds.top * scale, bounds.bottom * scale, centred.y, paper.height),
  };
}

/**
 * Whether the paper shows all of the sketch, to a pixel.
 * @param {Size} paper
 * @param {NonNullable<ReturnType<import("./sketch.js").boundsOf>>} bounds
 * @param {View} view
 */
export function holds(paper, bounds, view) {
  return (
    bounds.left * view.scale + view.x >= -1 &&
    bounds.top * view.scale + view.y >= -1 &&
    bounds.right * view.scale + view.x <= paper.width + 1 &&
    bounds.bottom * view.scale + view.y <= paper.height + 1
  );
}

/**
 * Strokes from elsewhere, in any unit, as a sketch that fills the middle of the paper.
 * @param {readonly (readonly number[][])[]} strokes
 * @param {Size} paper
 * @returns {import("./sketch.js").Stroke[]}
 */
export function centred(strokes, paper) {
  const drawn = strokes.filter((stroke) => stroke.length);
  const bounds = boundsOf(drawn);
  if (!bounds) return [];
  const { left, top, right, bottom } = bounds;
  const scale = SHARE * Math.min(paper.width / Math.max(right - left, 1), paper.height / Math.max(bottom - top, 1));
  return drawn.map((stroke) => {
    const points = stroke.map(([x, y]) => pointAt((x - (left + right) / 2) * scale, (y - (top + bottom) / 2) * scale));
    const kept = [points[0]];
    for (const point of points) if (isApart(kept[kept.length - 1], point)) kept.push(point);
    return kept;
  });
}

/**
 * The shift nearest to the wanted one that brings low..high inside the margins of `length`.
 * @param {number} low @param {number} high @param {number} wanted @param {number} length
 */
function place(low, high, wanted, length) {
  return Math.max(MARGIN - low, Math.min(wanted, length - MARGIN - high));
}
