/**
 * The sketch as data. A stroke is an array of points [x, y, pressure]; strokes never change once they are added, so
 * every past state is just an array of references and undo is a step in a list.
 *
 * Coordinates are CSS pixels from the middle of the paper, on a grid, so that links and storage hold them exactly and
 * the same sketch is the same numbers on every screen.
 *
 * @typedef {[number, number, number]} Point   x, y in multiples of GRID; pressure 0..1 in steps of 1 / PRESSURES
 * @typedef {Point[]} Stroke
 * @typedef {{change: Event, leave: CustomEvent<readonly Stroke[]>}} Events
 * @typedef {{left: number, top: number, right: number, bottom: number}} Bounds
 * @typedef {{steps: readonly (readonly Stroke[])[], now: number}} History   every state; which of them is now
 */

export const GRID = 0.5; // CSS px: finer than a finger, and it halves a link
export const PRESSURES = 20;
export const UNMEASURED = 0.5; // the pressure of fingers and mice

/** What the colour pen has, in an order that never changes: links and storage hold places in it, from 1 on. */
export const COLOURS = [
  "#c0252d", "#de7426", "#edc73d", "#2e8b57", "#2f65a7", "#7a4f8f", "#e37aa2", "#7c4225", "#c9ab7c", "#8d9095",
];

/** @type {WeakMap<Stroke, string>} */
const colours = new WeakMap(); // of strokes; ink has none
const NEAR = 1; // CSS px: closer points add bytes, not shape

/**
 * Strokes with undo and redo. Fires "change" after every step, and "leave" (detail: the strokes) before a sketch is
 * taken off the paper as a whole.
 */
export class Sketch extends /** @type {import("../types.js").FiringClass<Events>} */ (EventTarget) {
  /** @type {(readonly Stroke[])[]} */
  #history = [[]];
  #now = 0;

  /** @returns {readonly Stroke[]} what is drawn now */
  get strokes() {
    return this.#history[this.#now];
  }

  /** @returns {History} */
  get history() {
    return { steps: this.#history, now: this.#now };
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

  /** @param {Stroke} stroke added as one step */
  add(stroke) {
    this.#step([...this.strokes, stroke]);
  }

  /** @param {readonly Stroke[]} left by an eraser, as one step; the strokes themselves are no step */
  keep(left) {
    if (left !== this.strokes) this.#step(left);
  }

  /** Puts other strokes in the place of all that is drawn, as one step. @param {readonly Stroke[]} strokes */
  replace(strokes) {
    if (!this.isEmpty) this.dispatchEvent(new CustomEvent("leave", { detail: this.strokes }));
    this.#step([...strokes]);
  }

  /** Puts other strokes in the place of the last step's. @param {readonly Stroke[]} strokes */
  amend(strokes) {
    this.#history.splice(this.#now, Infinity, [...strokes]);
    this.#go(this.#now);
  }

  /** Empties the sketch; undo brings it back. */
  clear() {
    if (!this.isEmpty) this.replace([]);
  }

  undo() {
    if (this.canUndo) this.#go(this.#now - 1);
  }

  redo() {
    if (this.canRedo) this.#go(this.#now + 1);
  }

  /** Goes on where another page stopped. @param {History} history */
  restore({ steps, now }) {
    this.#history = [...steps];
    this.#go(now);
  }

  /** @param {readonly Stroke[]} strokes */
  #step(strokes) {
    this.#history.splice(this.#now + 1, Infinity, strokes);
    this.#go(this.#now + 1);
  }

  /** @param {number} step */
  #go(step) {
    this.#now = step;
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {number} length @returns {number} the nearest multiple of GRID */
export function snap(length) {
  return Math.round(length / GRID) * GRID;
}

/** @param {number} x @param {number} y @returns {Point} the nearest point that a sketch may have */
export function pointAt(x, y, pressure = UNMEASURED) {
  return [snap(x), snap(y), Math.round(pressure * PRESSURES) / PRESSURES];
}

/** Whether a stroke needs this point besides its last one. @param {Point} last @param {Point} next */
export function isApart(last, next) {
  return Math.hypot(next[0] - last[0], next[1] - last[1]) >= NEAR;
}

/**
 * The box around strokes.
 * @param {readonly (readonly number[][])[]} strokes
 * @returns {Bounds | null} null when nothing is drawn
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

/** @param {Stroke} stroke @returns {string | null} #rrggbb; null for ink */
export function colourOf(stroke) {
  return colours.get(stroke) ?? null;
}

/** @template {Stroke} S @param {S} stroke @param {string | null | undefined} colour one of COLOURS @returns {S} the stroke */
export function colour(stroke, colour) {
  if (colour) colours.set(stroke, colour);
  return stroke;
}
