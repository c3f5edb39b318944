/** A sketch as a small picture. */

import { boundsOf, colourOf } from "./sketch.js";

/** @typedef {import("./sketch.js").Stroke} Stroke */

const NAMESPACE = "http://www.w3.org/2000/svg";
const SIDE = 120; // units of the picture, as in the examples
const EDGE = 4;
const STEP = 1; // units: what lies closer cannot be seen at this size

/** @param {readonly Stroke[]} strokes not empty @returns {SVGSVGElement} */
export function thumbnail(strokes) {
  const { left, top, right, bottom } = /** @type {import("./sketch.js").Bounds} */ (boundsOf(strokes));
  const scale = (SIDE - 2 * EDGE) / Math.max(right - left, bottom - top, 1);
  /** @param {number[]} point @returns {[number, number]} */
  const place = ([x, y]) => [
    SIDE / 2 + (x - (left + right) / 2) * scale,
    SIDE / 2 + (y - (top + bottom) / 2) * scale,
  ];
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
  svg.setAttribute("aria-hidden", "true");
  for (const stroke of strokes) {
    const path = document.createElementNS(NAMESPACE, "path");
    path.setAttribute("d", lineThrough(stroke.map(place)));
    path.style.stroke = colourOf(stroke) ?? "";
    svg.append(path);
  }
  return svg;
}

/** @param {[number, number][]} points */
function lineThrough(points) {
  const kept = [points[0]];
  for (const point of points) {
    const [x, y] = kept[kept.length - 1];
    if (Math.hypot(point[0] - x, point[1] - y) >= STEP) kept.push(point);
  }
  if (kept.length === 1) kept.push(kept[0]); // a line of no length is a dot
  return `M${kept.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
}
