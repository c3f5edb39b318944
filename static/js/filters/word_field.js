/** The field for words that products must have, and what became of them. */

import { find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";

const PAUSE = 250; // ms without a key until what is typed is searched

/** @typedef {{corrected: {word: string, taken_for: string[]}[], dropped: string[]}} Words */

export class WordField {
  /** @type {HTMLInputElement} */
  #input;
  /** @type {HTMLButtonElement} */
  #clear;
  #said;
  #filters;
  #timer = 0;

  /**
   * @param {HTMLElement} box
   * @param {import("./filters.js").Filters} filters
   */
  constructor(box, filters) {
    this.#input = find("input", box);
    this.#clear = find("button", box);
    this.#said = find("p", box);
    this.#filters = filters;
    this.#input.addEventListener("input", () => this.#searchSoon());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) this.#search();
    });
    this.#clear.addEventListener("click", () => {
      this.#input.value = "";
      this.#search();
      this.#input.focus(); // the button that had it is gone
    });
    filters.addEventListener("change", () => this.#show());
    if (this.#input.value.trim()) this.#searchSoon(); // it was typed before this code had come
    else this.#show();
  }

  /** Says which words were corrected or left out. @param {Words | null | undefined} words of an answer */
  tell(words) {
    const corrected = (words?.corrected ?? []).map(({ word, taken_for }) =>
      say("words.corrected", { word, meant: taken_for.join(", ") }),
    );
    const dropped = words?.dropped.length ? [say("words.dropped", { words: words.dropped.join(", ") })] : [];
    const text = [...corrected, ...dropped].join(" ");
    if (this.#said.textContent !== text) this.#said.textContent = text; // the same again would be read out again
  }

  #searchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), PAUSE);
    this.#clear.hidden = this.#input.value === "";
  }

  #search() {
    clearTimeout(this.#timer);
    this.#filters.choose({ words: this.#input.value.trim() && this.#input.value.trimStart() });
    this.#clear.hidden = this.#input.value === "";
  }

  #show() {
    const { words } = this.#filters.chosen;
    if (words.trim() !== this.#input.value.trim()) this.#input.value = words;
    this.#clear.hidden = this.#input.value === "";
  }
}
