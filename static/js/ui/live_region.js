/**
 * Reads out what the status line says, once it rests: while somebody draws it changes many times a second, and a screen
 * reader that followed it would never be done.
 */

const REST = 1200; // ms

export class Announcer {
  #line;
  #region;
  #more;
  #timer = 0;

  /**
   * @param {HTMLElement} line what is seen
   * @param {HTMLElement} region what is read out
   * @param {() => string} more what is read out after it
   */
  constructor(line, region, more) {
    this.#line = line;
    this.#region = region;
    this.#more = more;
    line.setAttribute("aria-live", "off"); // or it would be read out twice
    new MutationObserver(() => this.changed()).observe(line, { childList: true, characterData: true, subtree: true });
  }

  /** There is something else to read out. */
  changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const words = `${this.#line.textContent} ${this.#more()}`.trim();
      if (this.#region.textContent !== words) this.#region.textContent = words;
    }, REST);
  }
}
