/** Sketches to start from: the pictures on the buttons are SVG paths, and the same paths become the strokes. */

const STEP = 3; // CSS px between two points
const SHARE = 0.7; // of the paper's shorter side

/**
 * @param {HTMLButtonElement} button one example
 * @param {import("./view.js").Size} paper
 * @returns {import("./strokes.js").Stroke[]} the example in the middle of the paper, in its CSS pixels
 */
export function strokesOf(button, paper) {
  const { width, height } = button.querySelector("svg").viewBox.baseVal;
  const scale = (SHARE * Math.min(paper.width, paper.height)) / Math.max(width, height);
  const left = (paper.width - width * scale) / 2;
  const top = (paper.height - height * scale) / 2;
  return [...button.querySelectorAll("path")].map((path) => {
    const length = path.getTotalLength();
    const pieces = Math.ceil((length * scale) / STEP);
    return Array.from({ length: pieces + 1 }, (_, i) => {
      const { x, y } = path.getPointAtLength((length * i) / pieces);
      return [left + x * scale, top + y * scale, 0.5];
    });
  });
}
