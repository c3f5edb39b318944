/** Chips to search one category only: the top level, then the children of the chosen one. */

import { say } from "./messages.js";

/** Fires "change" when another category is chosen. */
export class Categories extends EventTarget {
  /** @type {string | null} the full path of the chosen category; null for everything */
  chosen = null;

  #group;
  #paths = [];

  /** @param {HTMLElement} group holds the chips; stays hidden while there is nothing to choose */
  constructor(group) {
    super();
    this.#group = group;
    group.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (chip) this.choose(chip.dataset.path || null);
    });
  }

  /** Asks the server which categories there are. Without an answer people search everything: no harm done. */
  async load() {
    try {
      const response = await fetch("/categories");
      if (!response.ok) return;
      const { categories } = await response.json();
      this.#paths = withAncestors(categories.map(({ category }) => category));
      this.#draw();
    } catch {
      // the status line belongs to searching, and the next search will say when the network is lost
    }
  }

  /** @param {string | null} path choosing the chosen one again goes back up */
  choose(path) {
    this.chosen = path === this.chosen ? parent(path) : path;
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  #draw() {
    const focused = this.#group.contains(document.activeElement) ? document.activeElement.dataset.path : null;
    this.#group.replaceChildren(...this.#choices().map((path) => this.#chip(path)));
    this.#group.hidden = this.#paths.length < 2;
    if (focused !== null) [...this.#group.children].find((chip) => chip.dataset.path === focused)?.focus();
  }

  /** All, the way down to the chosen one, and what lies below it or, at a leaf, beside it. */
  #choices() {
    const children = (path) => this.#paths.filter((each) => parent(each) === path);
    const below = children(this.chosen);
    const level = below.length > 1 ? this.chosen : parent(this.chosen);
    return ["", ...ancestors(level), ...children(level)];
  }

  #chip(path) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip";
    chip.dataset.path = path;
    chip.textContent = path ? parts(path).at(-1) : say("finding.all");
    chip.setAttribute("aria-pressed", String((path || null) === this.chosen));
    return chip;
  }
}

function parts(path) {
  return path.split(">").map((part) => part.trim());
}

function parent(path) {
  return path && parts(path).slice(0, -1).join(" > ") || null;
}

/** The path itself and everything above it, top first. */
function ancestors(path) {
  return path ? parts(path).map((_, i, all) => all.slice(0, i + 1).join(" > ")) : [];
}

function withAncestors(paths) {
  return [...new Set(paths.flatMap(ancestors))].sort((a, b) => a.localeCompare(b));
}
