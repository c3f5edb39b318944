/**
 * A dialog over the page: closed by what has the class `closing` in it, by Escape, by a tap beside it and by the
 * browser's Back, which is what people press on a phone. The address stays as it is, with what its fragment holds.
 */

import { hit } from "../platform/dom.js";

const REFUSED = 500; // ms: who has heard nothing by then was not let back

/** Fires "close". */
export class Sheet extends EventTarget {
  #dialog;
  #entry = ""; // which entry of the history is ours
  /** @type {Promise<void>} */
  #left = Promise.resolve(); // settles once the browser has gone back from the entry of the last time

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    super();
    this.#dialog = dialog;
    /** @type {EventTarget | null} */
    let pressed = null;
    dialog.addEventListener("pointerdown", ({ target }) => (pressed = target));
    dialog.addEventListener("click", (event) => {
      // the dialog itself is hit beside its content only: on the backdrop, where selecting in a field may end as well
      const isBeside = event.target === dialog && pressed === dialog;
      if (isBeside || hit(event, ".closing")) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the paper's shortcuts are off meanwhile
    dialog.addEventListener("close", () => this.#closed());
    window.addEventListener("popstate", () => {
      if (dialog.open && !this.#isHere()) dialog.close();
    });
  }

  /** @param {HTMLElement | null} opener gets the focus afterwards; Safari does not focus what is tapped */
  async open(opener = /** @type {HTMLElement | null} */ (document.activeElement)) {
    await this.#left;
    if (this.#dialog.open) return;
    this.#entry = String(performance.timeOrigin + performance.now()); // not one from before a reload
    window.history.pushState({ ...window.history.state, sheet: this.#entry }, "");
    this.#dialog.showModal();
    this.#dialog.addEventListener("close", () => opener?.focus({ preventScroll: true }), { once: true });
  }

  /** @returns {Promise<void>} settles once the history is as it was; only while the dialog is open */
  async close() {
    const closed = new Promise((resolve) => this.addEventListener("close", resolve, { once: true }));
    this.#dialog.close();
    await closed;
    await this.#left;
  }

  #isHere() {
    return window.history.state?.sheet === this.#entry;
  }

  #closed() {
    if (this.#isHere()) this.#left = this.#goBack(window.location.href);
    this.dispatchEvent(new Event("close"));
  }

  /**
   * To the entry before ours, which takes over the address: a link in it may have been closed meanwhile. Browsers refuse
   * it in a shop's frame, without a word, when the shop's page has made an entry after ours.
   * @param {string} address
   * @returns {Promise<void>}
   */
  #goBack(address) {
    return new Promise((resolve) => {
      const arrived = () => {
        if (window.location.href !== address) window.history.replaceState(window.history.state, "", address);
        resolve();
      };
      window.addEventListener("popstate", arrived, { once: true });
      window.history.back();
      setTimeout(resolve, REFUSED);
    });
  }
}
