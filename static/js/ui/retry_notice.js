/** What went wrong in a part of a panel, in plain words, and the button to try it again. */

import { LATE, LOST } from "../platform/api_client.js";
import { find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";

export class Retry {
  #line;
  #again = () => {};

  /** @param {HTMLElement} line holds a place for the words and a button */
  constructor(line) {
    this.#line = line;
    find("button", line).addEventListener("click", () => {
      line.closest("dialog")?.focus(); // the button, which had it, goes
      this.hide();
      this.#again();
    });
  }

  hide() {
    this.#line.hidden = true;
  }

  /** @param {number} status of the answer @param {() => void} again */
  offer(status, again) {
    this.#again = again;
    find("span", this.#line).textContent = wordsFor(status);
    this.#line.hidden = false;
  }
}

/** What went wrong. @param {number} status of the answer @returns {string} */
export function wordsFor(status) {
  if (status === LOST) return say("product.lost");
  if (status === LATE || status === 429 || status === 503) return say("product.busy");
  return say("product.failed");
}
