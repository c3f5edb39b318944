/** Whether a sketch has too little ink to find one product among many. */

import { boundsOf } from "../sketch/sketch.js";

const LEAST = 2; // lengths of the sketch's longer side: less than an open outline

/** @param {readonly number[][][]} strokes */
export function isThin(strokes) {
  const bounds = boundsOf(strokes);
  if (!bounds) return false;
  const side = Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top);
  return inkOf(strokes) < LEAST * side;
}

/** The length of all lines. @param {readonly number[][][]} strokes */
function inkOf(strokes) {
  let length = 0;
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) length += Math.hypot(stroke[i][0] - stroke[i - 1][0], stroke[i][1] - stroke[i - 1][1]);
  }
  return length;
}
