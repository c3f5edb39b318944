/** Sketches to start from: the pictures on the buttons are SVG paths, and the same paths become the strokes. */

const STEP = 1; // of 120 units a side

/**
 * @param {HTMLButtonElement} button one example
 * @returns {[number, number][][]} its strokes, in the picture's units
 */
export function strokesOf(button) {
  return [...button.querySelectorAll("path")].map((path) => {
    const length = path.getTotalLength();
    const pieces = Math.ceil(length / STEP);
    return Array.from({ length: pieces + 1 }, (_, i) => {
      const { x, y } = path.getPointAtLength((length * i) / pieces);
      return [x, y];
    });
  });
}
