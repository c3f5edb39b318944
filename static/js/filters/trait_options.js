/** Values of one trait, such as colours or sizes, to choose any of, each with how many products have it. */

import { colourName } from "./colour_names.js";
import { arrange } from "../ui/reorder_children.js";
import { element, find } from "../platform/dom.js";
import { plain } from "./filters.js";
import { say, written } from "../platform/i18n.js";
import { swatchOf } from "./colour_swatch.js";

const FEW = 20; // shown at first: a shop may have hundreds of brands

export class TraitChips {
  #group;
  #place;
  #more;
  #filters;
  #trait;
  /** @type {Map<string, HTMLElement>} */
  #labels = new Map();
  /** @type {Map<string, string>} */
  #names = new Map(); // plain value -> as it is called in the page's language
  #isWhole = false; // whether all are shown

  /**
   * @param {HTMLElement} group hidden while there is nothing to choose
   * @param {import("./filters.js").Filters} filters
   * @param {import("./filters.js").Trait} trait
   */
  constructor(group, filters, trait) {
    this.#group = group;
    this.#place = find(".options", group);
    this.#more = find(".more-options", group);
    this.#filters = filters;
    this.#trait = trait;
    group.addEventListener("change", () => {
      const values = [...this.#labels].filter(([, label]) => boxIn(label).checked).map(([value]) => value);
      filters.choose({ [trait]: values });
    });
    this.#more.addEventListener("click", () => {
      const first = this.#hidden()[0];
      this.#isWhole = true;
      this.#fold();
      if (first) boxIn(first).focus(); // the button that had it is gone
    });
  }

  /** @param {import("./facets.js").Counts | null} facets */
  show(facets) {
    const counts = countsOf(facets, this.#trait);
    for (const { color, label } of (this.#trait === "colors" && facets?.colors) || []) {
      if (label && label !== color) this.#names.set(plain(color), label);
    }
    const chosen = this.#filters.chosen[this.#trait];
    const values = [...counts.map(([value]) => value), ...this.#labels.keys(), ...chosen];
    // counts spell a value as the products that were found do, which other filters change
    const spelled = new Map(values.map((value) => [plain(value), value]));
    const known = new Map(chosen.map((value) => [value, 0]));
    for (const [value, count] of counts) known.set(spelled.get(plain(value)) ?? value, count);
    const order = this.#trait === "sizes" ? inTheirOrder(counts, known) : this.#mostFirst(known);
    this.#labels = new Map(order.map((value) => [value, this.#labels.get(value) ?? this.#label(value)]));
    for (const [value, label] of this.#labels) {
      boxIn(label).checked = chosen.includes(value);
      find(".option-name", label).textContent = this.#nameOf(value);
      find(".count", label).textContent = written(known.get(value) ?? 0);
    }
    arrange(this.#place, [...this.#labels.values()]);
    this.#fold();
    this.#group.hidden = order.length < 2 && chosen.length === 0;
  }

  /** The most frequent values first; but near fingers nothing moves. @param {Map<string, number>} known */
  #mostFirst(known) {
    const names = [...known.keys()].sort((a, b) => (known.get(b) ?? 0) - (known.get(a) ?? 0));
    return [...new Set([...this.#labels.keys(), ...names])].filter((value) => known.has(value));
  }

  /** Shows few, but every one that is chosen. */
  #fold() {
    for (const label of this.#labels.values()) label.hidden = false;
    const hidden = this.#hidden();
    for (const label of hidden) label.hidden = true;
    this.#more.hidden = hidden.length === 0;
    this.#more.textContent = say("filters.show_all", { count: this.#labels.size });
  }

  #hidden() {
    return this.#isWhole ? [] : [...this.#labels.values()].slice(FEW).filter((label) => !boxIn(label).checked);
  }

  /** What the shop calls it in the page's language, else what the page does. @param {string} value */
  #nameOf(value) {
    return this.#names.get(plain(value)) ?? (this.#trait === "colors" ? colourName(value) : value);
  }

  /** @param {string} value */
  #label(value) {
    const label = element("label", "option");
    const box = element("input", "option-box");
    box.type = "checkbox";
    const swatch = element("span", "swatch");
    const look = this.#trait === "colors" && swatchOf(value);
    if (look) swatch.style.setProperty("--swatch", look);
    swatch.hidden = !look;
    label.append(box, swatch, element("span", "option-name"), element("span", "count"));
    return label;
  }
}

/** @param {import("./facets.js").Counts | null} facets @param {import("./filters.js").Trait} trait @returns {[string, number][]} */
function countsOf(facets, trait) {
  if (trait === "colors") return (facets?.colors ?? []).map(({ color, count }) => [color, count]);
  if (trait === "brands") return (facets?.brands ?? []).map(({ brand, count }) => [brand, count]);
  if (trait === "genders") return (facets?.genders ?? []).map(({ gender, count }) => [gender, count]);
  return (facets?.sizes ?? []).map(({ size, count }) => [size, count]);
}

/**
 * The values in the order of their counts, which is that of sizes; those without counts come last.
 * @param {[string, number][]} counts @param {Map<string, number>} known
 */
function inTheirOrder(counts, known) {
  const place = new Map(counts.map(([value], index) => [plain(value), index]));
  return [...known.keys()].sort((a, b) => (place.get(plain(a)) ?? Infinity) - (place.get(plain(b)) ?? Infinity) || 0);
}

/** @param {HTMLElement} label @returns {HTMLInputElement} the box or the radio button in it */
export function boxIn(label) {
  return find("input", label);
}
