/**
 * The sketch as data. A stroke is an array of points [x, y, pressure]; strokes never change once they are added, so
 * every past state is just an array of references and undo is a step in a list.
 *
 * @typedef {[number, number, number]} Point   x, y in CSS pixels of the paper's first size; pressure 0..1
 * @typedef {Point[]} Stroke
 */

/** Strokes with undo and redo. Fires "change" after every step. */
export class Sketch extends EventTarget {
  #history = [[]];
  #now = 0;

  /** @returns {readonly Stroke[]} what is drawn now */
  get strokes() {
    return this.#history[this.#now];
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  get canUndo() {
    return this.#now > 0;
  }

  get canRedo() {
    return this.#now < this.#history.length - 1;
  }

  /** @param {...Stroke} strokes added as one step */
  add(...strokes) {
    this.#step([...this.strokes, ...strokes]);
  }

  /** @param {Set<Stroke>} gone removed as one step; an empty set is no step */
  remove(gone) {
    if (gone.size) this.#step(this.strokes.filter((stroke) => !gone.has(stroke)));
  }

  /** Empties the sketch; undo brings it back. */
  clear() {
    if (!this.isEmpty) this.#step([]);
  }

  undo() {
    if (this.canUndo) this.#go(this.#now - 1);
  }

  redo() {
    if (this.canRedo) this.#go(this.#now + 1);
  }

  #step(strokes) {
    this.#history.splice(this.#now + 1, Infinity, strokes);
    this.#go(this.#now + 1);
  }

  #go(step) {
    this.#now = step;
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * The box around strokes.
 * @param {readonly Stroke[]} strokes
 * @returns {{left: number, top: number, right: number, bottom: number} | null} null when nothing is drawn
 */
export function boundsOf(strokes) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const stroke of strokes) {
    for (const [x, y] of stroke) {
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x);
      bottom = Math.max(bottom, y);
    }
  }
  return left > right ? null : { left, top, right, bottom };
}
