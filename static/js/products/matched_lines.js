/** The lines of a picture, with those parts in colour where the network looked most. */

import { contextOf } from "../platform/dom.js";

const SIDE = 720; // px: the longer side of the canvas
const STEP = 1 / 128; // of the map's side: lines are coloured in pieces as long as that
const SHARE = 0.3; // of the length of all lines is in colour
const FAINT = "rgb(21 23 30 / 55%)";
const WIDTH = { faint: 4, strong: 9 }; // px

/** @typedef {{left: number, top: number, width: number, height: number}} Box in the unit of the picture */
/** @typedef {{from: number[], to: number[], length: number, weight: number}} Piece of a line */

/**
 * @param {HTMLCanvasElement} canvas becomes the picture of the lines; its CSS colour is that of the strongest
 * @param {number[][][]} lines points [x, y] of each
 * @param {number[][] | null} attention rows of 0..1, over the box; null colours nothing
 * @param {Box} box the square that the map lies on
 * @param {Box} view the part of the picture that is shown
 */
export function drawMatched(canvas, lines, attention, box, view) {
  const scale = SIDE / Math.max(view.width, view.height);
  canvas.width = Math.max(1, Math.round(view.width * scale));
  canvas.height = Math.max(1, Math.round(view.height * scale));
  const pieces = lines.flatMap((line) => piecesOf(line, STEP * box.width));
  for (const piece of pieces) piece.weight = attention ? attentionAt(attention, box, piece) : 0;
  const context = contextOf(canvas);
  context.setTransform(scale, 0, 0, scale, -view.left * scale, -view.top * scale);
  context.lineCap = context.lineJoin = "round";
  stroke(context, pieces, FAINT, WIDTH.faint / scale);
  if (attention) stroke(context, strongest(pieces), window.getComputedStyle(canvas).color, WIDTH.strong / scale);
}

/** @param {number[][]} line @param {number} longest @returns {Piece[]} */
function piecesOf(line, longest) {
  return line.slice(1).flatMap(([x, y], i) => {
    const [lastX, lastY] = line[i];
    const count = Math.max(1, Math.ceil(Math.hypot(x - lastX, y - lastY) / longest));
    /** @param {number} step */
    const at = (step) => [lastX + ((x - lastX) * step) / count, lastY + ((y - lastY) * step) / count];
    const length = Math.hypot(x - lastX, y - lastY) / count;
    return Array.from({ length: count }, (_, step) => ({ from: at(step), to: at(step + 1), length, weight: 0 }));
  });
}

/** The map's value at the middle of a piece, between the middles of its fields. @param {number[][]} map @param {Box} box @param {Piece} piece */
function attentionAt(map, box, { from, to }) {
  const [rows, columns] = [map.length, map[0].length];
  /** @param {number} value @param {number} low @param {number} side @param {number} count */
  const place = (value, low, side, count) => Math.max(0, Math.min(count - 1, ((value - low) / side) * count - 0.5));
  const x = place((from[0] + to[0]) / 2, box.left, box.width, columns);
  const y = place((from[1] + to[1]) / 2, box.top, box.height, rows);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(left + 1, columns - 1), Math.min(top + 1, rows - 1)];
  /** @param {number[]} row */
  const along = (row) => row[left] + (row[right] - row[left]) * (x - left);
  return along(map[top]) + (along(map[bottom]) - along(map[top])) * (y - top);
}

/** @param {readonly Piece[]} pieces @returns {Piece[]} those with the most attention, of SHARE of all length */
function strongest(pieces) {
  let left = SHARE * pieces.reduce((sum, { length }) => sum + length, 0);
  const falling = [...pieces].sort((a, b) => b.weight - a.weight);
  return falling.filter(({ length, weight }) => weight > 0 && (left -= length) > 0);
}

/** @param {CanvasRenderingContext2D} context @param {readonly Piece[]} pieces @param {string} colour @param {number} width */
function stroke(context, pieces, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const { from: [x, y], to: [nextX, nextY] } of pieces) {
    context.moveTo(x, y);
    context.lineTo(nextX, nextY);
  }
  context.stroke();
}
