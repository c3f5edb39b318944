/** The sketch as a file of its own, as it looks on the paper. */

import { contextOf } from "../platform/dom.js";
import { INK, PAPER, SIZE, pieces, trace } from "../sketch/pen_outline.js";
import { boundsOf, colourOf } from "../sketch/sketch.js";

/** @typedef {import("../sketch/sketch.js").Stroke} Stroke */

const MARGIN = 24; // CSS px around the sketch
const SIDE = 1600; // px at least of a PNG's longer side
const NAMESPACE = "http://www.w3.org/2000/svg";

/** Downloads an SVG with one path a stroke. @param {readonly Stroke[]} strokes not empty */
export function saveSvg(strokes) {
  const { left, top, width, height } = sheet(strokes);
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("fill", INK);
  for (const stroke of strokes) {
    const path = document.createElementNS(NAMESPACE, "path");
    path.setAttribute("d", outlineOf(stroke));
    const colour = colourOf(stroke);
    if (colour) path.setAttribute("fill", colour);
    svg.append(path);
  }
  download(new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }), "sketch.svg");
}

/** Downloads a PNG on white. @param {readonly Stroke[]} strokes not empty */
export function savePng(strokes) {
  const { left, top, width, height } = sheet(strokes);
  const zoom = Math.max(1, SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * zoom);
  canvas.height = Math.round(height * zoom);
  const context = contextOf(canvas);
  context.fillStyle = PAPER;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(zoom, 0, 0, zoom, -left * zoom, -top * zoom);
  for (const stroke of strokes) {
    context.fillStyle = colourOf(stroke) ?? INK;
    context.fill(new Path2D(outlineOf(stroke)));
  }
  canvas.toBlob((blob) => blob && download(blob, "sketch.png")); // null when there is no memory for it
}

/** Gives a file to the browser's downloads. @param {Blob} blob @param {string} name */
function download(blob, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000); // some browsers read it late
}

/** The box that a saved sketch takes. @param {readonly Stroke[]} strokes not empty */
function sheet(strokes) {
  const { left, top, right, bottom } = /** @type {import("../sketch/sketch.js").Bounds} */ (boundsOf(strokes));
  const edge = MARGIN + SIZE;
  return { left: left - edge, top: top - edge, width: right - left + 2 * edge, height: bottom - top + 2 * edge };
}

/** The outline of a whole stroke as SVG path data. @param {Stroke} stroke */
function outlineOf(stroke) {
  /** @type {string[]} */
  const parts = [];
  /** @param {string} command @param {number[]} numbers */
  const write = (command, ...numbers) => parts.push(command + numbers.map((number) => number.toFixed(2)).join(" "));
  /** @type {import("../sketch/pen_outline.js").Outline} */
  const path = {
    moveTo: (x, y) => write("M", x, y),
    quadraticCurveTo: (...numbers) => write("Q", ...numbers),
    closePath: () => write("Z"),
  };
  for (let piece = 0; piece < pieces(stroke); piece++) trace(path, stroke, piece);
  return parts.join("");
}
