/** A note over the results that goes by itself: it covers a little and moves nothing. */

const STAY = 7000; // ms

export class Note {
  #place;
  #timer = 0;

  /** @param {HTMLElement} place read out politely */
  constructor(place) {
    this.#place = place;
  }

  get isShown() {
    return this.#place.classList.contains("shown");
  }

  /** @param {string} words */
  show(words) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hide(), STAY);
    if (this.#place.textContent !== words) this.#place.textContent = words;
    this.#place.classList.add("shown");
  }

  hide() {
    clearTimeout(this.#timer);
    this.#place.classList.remove("shown");
  }
}
