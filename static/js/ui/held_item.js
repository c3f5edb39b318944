/** What a shopper holds: the item under a finger that is down, or under the pointer while the list scrolls. */

import { hit } from "../platform/dom.js";

const REST = 150; // ms after which scrolling, and the click that follows a touch, are over

/** Fires "release" once nothing is held any more. */
export class Grip extends EventTarget {
  /** @type {HTMLElement | null} */
  held = null;

  #scroller;
  #selector;
  #isDown = false;
  #timer = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {string} selector of the items in it
   */
  constructor(scroller, selector) {
    super();
    this.#scroller = scroller;
    this.#selector = selector;
    // touch events: pointer events end where scrolling begins
    for (const begin of ["touchstart", "mousedown"]) scroller.addEventListener(begin, (e) => this.#take(e), { passive: true });
    for (const end of ["touchend", "touchcancel", "mouseup"]) window.addEventListener(end, (e) => this.#let(e), { passive: true });
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** @param {Event} event */
  #take(event) {
    clearTimeout(this.#timer);
    this.#isDown = true;
    this.held = hit(event, this.#selector);
  }

  /** @param {Event & {touches?: TouchList}} event of a finger or a mouse */
  #let({ touches }) {
    if (!this.#isDown || touches?.length) return;
    this.#isDown = false;
    this.#wait();
  }

  #scrolled() {
    if (this.#isDown) return;
    this.held ??= this.#scroller.querySelector(`${this.#selector}:hover`);
    this.#wait();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.held = null;
      this.dispatchEvent(new Event("release"));
    }, REST);
  }
}
