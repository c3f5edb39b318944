/**
 * The box around what is searched in a photo, as data.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box   fractions of the photo's width and height
 * @typedef {"left" | "top" | "right" | "bottom"} Edge
 * @typedef {{x: number, y: number}} Pair   across and down
 */

/** @type {Box} */
export const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

/**
 * The box after some of its edges were moved, or all of it; it stays in the photo.
 * @param {Box} box
 * @param {readonly Edge[]} edges none: the whole box moves
 * @param {Pair} by as fractions
 * @param {Pair} least width and height of a box
 * @returns {Box}
 */
export function moveEdges(box, edges, by, least) {
  const { left, top, right, bottom } = box;
  if (!edges.length) {
    const [x, y] = [clamp(by.x, -left, 1 - right), clamp(by.y, -top, 1 - bottom)];
    return { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
  }
  /** @type {Record<Edge, () => number>} */
  const moved = {
    left: () => clamp(left + by.x, 0, Math.max(0, right - least.x)),
    top: () => clamp(top + by.y, 0, Math.max(0, bottom - least.y)),
    right: () => clamp(right + by.x, Math.min(1, left + least.x), 1),
    bottom: () => clamp(bottom + by.y, Math.min(1, top + least.y), 1),
  };
  return { ...box, ...Object.fromEntries(edges.map((edge) => [edge, moved[edge]()])) };
}

/** The place that a handle has: of a corner or edge, or the middle of the box. @param {Box} box @param {readonly Edge[]} edges */
export function placeOf({ left, top, right, bottom }, edges) {
  /** @param {Edge} first @param {Edge} last @param {number} low @param {number} high */
  const along = (first, last, low, high) => (edges.includes(first) ? low : edges.includes(last) ? high : (low + high) / 2);
  return { x: along("left", "right", left, right), y: along("top", "bottom", top, bottom) };
}

/** The parameter `crop` of a search. @param {Box} box */
export function cropOf({ left, top, right, bottom }) {
  return [left, top, right, bottom].map((edge) => edge.toFixed(4)).join();
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
