/** Values of one trait, colours or brands, to choose any of, each with how many products have it. */

import { arrange } from "../ui/reorder_children.js";
import { element } from "../products/product_card.js";
import { find } from "../platform/dom.js";
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
  #isWhole = false; // whether all are shown

  /**
   * @param {HTMLElement} group hidden while there is nothing to choose
   * @param {import("./filters.js").Filters} filters
   * @param {"colors" | "brands"} trait its name among the filters
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

  /** @param {[string, number][]} counts of products by value */
  show(counts) {
    const chosen = this.#filters.chosen[this.#trait];
    const values = [...counts.map(([value]) => value), ...this.#labels.keys(), ...chosen];
    // counts spell a value as the products that were found do, which other filters change
    const spelled = new Map(values.map((value) => [plain(value), value]));
    const known = new Map(chosen.map((value) => [value, 0]));
    for (const [value, count] of counts) known.set(spelled.get(plain(value)) ?? value, count);
    const names = [...known.keys()].sort((a, b) => (known.get(b) ?? 0) - (known.get(a) ?? 0));
    const order = [...new Set([...this.#labels.keys(), ...names])].filter((value) => known.has(value)); // near fingers nothing moves
    this.#labels = new Map(order.map((value) => [value, this.#labels.get(value) ?? this.#label(value)]));
    for (const [value, label] of this.#labels) {
      boxIn(label).checked = chosen.includes(value);
      find(".count", label).textContent = written(known.get(value) ?? 0);
    }
    arrange(this.#place, [...this.#labels.values()]);
    this.#fold();
    this.#group.hidden = order.length < 2 && chosen.length === 0;
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

  /** @param {string} value */
  #label(value) {
    const label = element("label", "option");
    const box = element("input", "option-box");
    box.type = "checkbox";
    const swatch = element("span", "swatch");
    const look = this.#trait === "colors" && swatchOf(value);
    if (look) swatch.style.setProperty("--swatch", look);
    swatch.hidden = !look;
    label.append(box, swatch, element("span", "option-name", value), element("span", "count"));
    return label;
  }
}

/** @param {HTMLElement} label @returns {HTMLInputElement} the box or the radio button in it */
export function boxIn(label) {
  return find("input", label);
}
