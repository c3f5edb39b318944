/** Rubbing out: what an eraser passes over goes, and what is left of a stroke is strokes of its own. */

import { colour, colourOf, isApart, pointAt } from "../sketch.js";
import { REACH, gap, meets } from "./eraser.js";

/** @typedef {import("../sketch.js").Point} Point */
/** @typedef {import("../sketch.js").Stroke} Stroke */

/**
 * An eraser, like withoutTouched(), for parts of strokes.
 * @param {readonly Stroke[]} strokes
 * @param {Point} from the eraser's last place
 * @param {Point} to its place now
 * @param {number} scale of the view
 * @returns {readonly Stroke[]} what is left, in the same order; the same array when nothing was touched
 */
export function rubOut(strokes, from, to, scale) {
  /** @param {Point} point */
  const isGone = (point) => gap(point, from, to) <= REACH / scale;
  let isChanged = false;
  const left = strokes.flatMap((stroke) => {
    const points = [...refine(stroke, (a, b) => meets(a, b, from, to, REACH / scale))];
    if (!points.some(({ point }) => isGone(point))) return [stroke];
    isChanged = true;
    return remains(points, isGone).map((part) => colour(part, colourOf(stroke) ?? null));
  });
  return isChanged ? left : strokes;
}

/**
 * The points of a stroke and, where the eraser passes, those in between.
 * @param {Stroke} stroke @param {(a: Point, b: Point) => boolean} isNear
 */
function* refine(stroke, isNear) {
  for (const [i, point] of stroke.entries()) {
    const [x, y, pressure] = stroke[Math.max(0, i - 1)];
    const length = isNear([x, y, pressure], point) ? Math.hypot(point[0] - x, point[1] - y) : 0;
    for (let at = 1; at < length; at++) {
      const share = at / length;
      const between = pointAt(x + (point[0] - x) * share, y + (point[1] - y) * share, pressure);
      yield { point: between, isOwn: false };
    }
    yield { point, isOwn: true };
  }
}

/**
 * The parts between what is gone. They keep the stroke's own points, and get one more at each cut.
 * @param {readonly {point: Point, isOwn: boolean}[]} points @param {(point: Point) => boolean} isGone
 * @returns {Stroke[]}
 */
function remains(points, isGone) {
  /** @type {Stroke[]} */
  const parts = [[]];
  /** @param {Point} point */
  const add = (point) => {
    const part = parts[parts.length - 1];
    if (!part.length || isApart(part[part.length - 1], point)) part.push(point);
  };
  let [last, wasGone] = [points[0].point, true];
  for (const { point, isOwn } of points) {
    const goes = isGone(point);
    if (goes && !wasGone) {
      add(last);
      parts.push([]);
    } else if (!goes && (isOwn || wasGone)) add(point);
    [last, wasGone] = [point, goes];
  }
  return parts.filter((part) => part.length > 1); // a dot that is left of a line is dust
}
