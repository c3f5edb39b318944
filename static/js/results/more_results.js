/** The results after those that are shown: fetched while somebody scrolls to the end, and what is said there. */

import { ask } from "../platform/api_client.js";
import { find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { wordsFor } from "../ui/retry_notice.js";

const AHEAD = 1.5; // screens before the end, so that few people ever see it come
const OUTDATED = new Set([410, 422]); // the list is another one by now

/** @typedef {import("../types.js").SearchResult} SearchResult */

/**
 * @typedef {object} Events
 * @property {CustomEvent<SearchResult[]>} more detail: the results that follow
 * @property {Event} outdated somebody wants to search again, since the list cannot be continued
 */

/** Fires "more" and "outdated". */
export class More extends /** @type {import("../types.js").FiringClass<Events>} */ (EventTarget) {
  #scroller;
  #words;
  /** @type {HTMLButtonElement} */
  #button;
  #path = "";
  #json = "";
  /** @type {string | null} */
  #cursor = null; // null at the end, and before the first results
  #controller = new AbortController();
  #isBusy = false;
  #pressed = () => {};

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} line under the results
   */
  constructor(scroller, line) {
    super();
    this.#scroller = scroller;
    this.#words = find("span", line);
    this.#button = find("button", line);
    this.#button.addEventListener("click", () => this.#pressed());
    scroller.addEventListener("scroll", () => this.#proceed(), { passive: true });
    new ResizeObserver(() => this.#proceed()).observe(scroller);
  }

  /**
   * Continues another list, once somebody scrolls there.
   * @param {string} path of the search @param {string} json its sketch @param {string | null} cursor null at the end
   */
  follow(path, json, cursor) {
    this.stop();
    [this.#path, this.#json, this.#cursor] = [path, json, cursor];
    this.#proceed();
  }

  /** Continues no list. */
  stop() {
    this.#controller.abort();
    this.#controller = new AbortController();
    this.#isBusy = false;
    this.#cursor = null;
    this.#say("");
  }

  #proceed() {
    if (this.#cursor === null || this.#isBusy || !this.#button.hidden) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isFar = scrollHeight - scrollTop - clientHeight > AHEAD * clientHeight;
    const isUnread = scrollTop === 0 && scrollHeight > clientHeight; // more may be asked for in vain
    if (!isFar && !isUnread) this.#load(this.#cursor);
  }

  /** @param {string} cursor */
  async #load(cursor) {
    const { signal } = this.#controller;
    this.#isBusy = true;
    this.#say(say("finding.loading"));
    const path = `${this.#path}&${new URLSearchParams({ cursor })}`;
    const { status, body } = await ask(path, { json: this.#json, signal });
    if (signal.aborted) return;
    this.#isBusy = false;
    if (status === 200 && body) return this.#continue(body);
    if (OUTDATED.has(status)) {
      const again = () => this.dispatchEvent(new Event("outdated"));
      return this.#say(say("finding.changed"), say("finding.again"), again);
    }
    this.#say(wordsFor(status), say("product.retry"), () => this.#load(cursor));
  }

  /** @param {import("../types.js").SearchAnswer} answer */
  #continue({ results, next = null }) {
    this.#cursor = next;
    this.#say(next === null ? say("finding.all_shown") : "");
    this.dispatchEvent(new CustomEvent("more", { detail: results }));
    this.#proceed();
  }

  /** @param {string} words @param {string} action on the button, if there is one @param {() => void} pressed */
  #say(words, action = "", pressed = () => {}) {
    this.#words.textContent = words;
    if (!action && this.#button === document.activeElement) this.#scroller.focus({ preventScroll: true }); // it goes
    this.#button.textContent = action;
    this.#button.hidden = !action;
    this.#pressed = pressed;
  }
}
