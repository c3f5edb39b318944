/**
 * Where the sketch lies on a paper whose size changes. Strokes keep the coordinates they were drawn in and only this
 * transform follows a rotation, so that turning the phone back gives exactly the picture from before.
 *
 * @typedef {{scale: number, x: number, y: number}} View   paper = sketch * scale + (x, y)
 * @typedef {{width: number, height: number}} Size          CSS pixels
 */

const MARGIN = 12; // CSS px kept free around a sketch that had to be moved

/**
 * The view that keeps the sketch's middle in the paper's middle and moves or shrinks only what would be cut off.
 * @param {Size} home the paper's size when the sketch was begun
 * @param {Size} paper its size now
 * @param {ReturnType<import("./strokes.js").boundsOf>} bounds of the sketch
 * @returns {View}
 */
export function fit(home, paper, bounds) {
  const centred = { scale: 1, x: (paper.width - home.width) / 2, y: (paper.height - home.height) / 2 };
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
 * @param {NonNullable<ReturnType<import("./strokes.js").boundsOf>>} bounds
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

/** The shift nearest to the wanted one that brings low..high inside the margins of `length`. */
function place(low, high, wanted, length) {
  return Math.max(MARGIN - low, Math.min(wanted, length - MARGIN - high));
}
