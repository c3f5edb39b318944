/** The colours of strokes. Ink has none; a coloured stroke keeps its colour as long as it exists, through every undo. */

/** @typedef {import("../sketch.js").Stroke} Stroke */

/** What the colour pen has, in an order that never changes: links and storage hold places in it, from 1 on. */
export const COLOURS = [
  "#c0252d", "#de7426", "#edc73d", "#2e8b57", "#2f65a7", "#7a4f8f", "#e37aa2", "#7c4225", "#c9ab7c", "#8d9095",
];

/** @type {WeakMap<Stroke, string>} */
const colours = new WeakMap();

/** @param {Stroke} stroke @returns {string | null} #rrggbb; null for ink */
export function colourOf(stroke) {
  return colours.get(stroke) ?? null;
}

/** @template {Stroke} S @param {S} stroke @param {string | null | undefined} colour one of COLOURS @returns {S} the stroke */
export function colour(stroke, colour) {
  if (colour) colours.set(stroke, colour);
  return stroke;
}
