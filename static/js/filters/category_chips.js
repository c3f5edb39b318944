/** Chips to search one category only: the top level, then the children of the chosen one. */

import { arrange } from "../ui/reorder_children.js";
import { walk } from "../ui/grid_navigation.js";
import { hit } from "../platform/dom.js";
import { plain } from "./filters.js";
import { say, written } from "../platform/i18n.js";

export class Categories {
  #group;
  #filters;
  /** @type {string[]} */
  #paths = [];
  /** @type {Map<string, string>} */
  #spellings = new Map(); // plain path -> as it was spelled first
  /** @type {Map<string, string>} */
  #labels = new Map(); // path -> the same in the page's language
  /** @type {Map<string, number>} */
  #counts = new Map();
  /** @type {Map<string, number>} */
  #firstCounts = new Map(); // by which chips are ordered: they stay where they are when other filters change the counts
  /** @type {Map<string, HTMLButtonElement>} */
  #chips = new Map(); // chips stay the same elements: one that is replaced under a finger would not be tapped

  /**
   * @param {HTMLElement} group holds the chips; stays hidden while there is nothing to choose
   * @param {import("./filters.js").Filters} filters
   * @param {import("./facets.js").Facets} facets
   */
  constructor(group, filters, facets) {
    this.#group = group;
    this.#filters = filters;
    walk(group);
    group.addEventListener("click", (event) => {
      const chip = hit(event, "button");
      if (chip) this.#choose(chip.dataset.path || null);
    });
    filters.addEventListener("change", () => this.#draw());
    facets.addEventListener("change", () => {
      const categories = facets.counts?.categories ?? [];
      this.#counts = new Map(categories.map(({ category, count }) => [this.#learn(category), count]));
      for (const { category, label } of categories) {
        if (label && label !== category) this.#labels.set(this.#spelled(category), label);
      }
      this.#firstCounts = new Map([...this.#counts, ...this.#firstCounts]);
      this.#paths = withAncestors([...this.#counts.keys()]);
      this.#draw();
    });
  }

  /** Choosing the chosen one again goes back up. @param {string | null} path */
  #choose(path) {
    this.#filters.choose({ category: path === this.#chosen ? parent(path) : path });
  }

  /** The chosen path as the chips spell it; a link may spell it in another way. */
  get #chosen() {
    const { category } = this.#filters.chosen;
    return category && this.#spelled(category);
  }

  /** A path of the facets, as it was spelled first: so its chip stays. @param {string} path */
  #learn(path) {
    const spelled = this.#spelled(path);
    this.#spellings.set(plain(spelled), spelled);
    return spelled;
  }

  /** @param {string} path */
  #spelled(path) {
    return parts(path).reduce((above, part) => {
      const whole = above ? `${above} > ${part}` : part;
      return this.#spellings.get(plain(whole)) ?? whole;
    }, "");
  }

  #draw() {
    const chips = this.#choices().map((path) => this.#chip(path));
    arrange(this.#group, chips);
    this.#group.hidden = this.#paths.length < 2 && this.#chosen === null;
  }

  /** All, the way down to the chosen one, and what lies below it or, at a leaf, beside it. */
  #choices() {
    const chosen = this.#chosen;
    const paths = chosen ? withAncestors([...this.#paths, chosen]) : this.#paths;
    /** @param {string | null} path */
    const children = (path) => paths.filter((each) => parent(each) === path).sort((a, b) => this.#first(b) - this.#first(a));
    const below = children(chosen);
    const level = below.length > 1 ? chosen : parent(chosen);
    return ["", ...ancestors(level), ...children(level)];
  }

  /** @param {string} path */
  #first(path) {
    return this.#firstCounts.get(path) ?? 0;
  }

  /** @param {string} path */
  #chip(path) {
    const chip = this.#chips.get(path) ?? makeChip(path);
    this.#chips.set(path, chip);
    const name = parts(this.#labels.get(path) ?? path).at(-1);
    chip.textContent = name || say("finding.all");
    const count = this.#counts.get(path);
    chip.setAttribute("aria-pressed", String((path || null) === this.#chosen));
    if (count === undefined) {
      delete chip.dataset.count;
      chip.removeAttribute("aria-description");
    } else {
      chip.dataset.count = written(count);
      chip.setAttribute("aria-description", say(count === 1 ? "filters.one_product" : "filters.products", { count }));
    }
    return chip;
  }
}

/** @param {string} path */
function makeChip(path) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "chip";
  chip.dataset.path = path;
  return chip;
}

/** @param {string} path */
function parts(path) {
  return path.split(">").map((part) => part.trim());
}

/** @param {string | null} path */
function parent(path) {
  return path && parts(path).slice(0, -1).join(" > ") || null;
}

/** The path itself and everything above it, top first. @param {string | null} path */
function ancestors(path) {
  return path ? parts(path).map((_, i, all) => all.slice(0, i + 1).join(" > ")) : [];
}

/** @param {string[]} paths */
function withAncestors(paths) {
  return [...new Set(paths.flatMap(ancestors))].sort((a, b) => a.localeCompare(b));
}
