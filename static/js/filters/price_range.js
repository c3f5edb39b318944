/** Prices from and to, in one currency. */

import { arrange } from "../ui/reorder_children.js";
import { element, find } from "../platform/dom.js";
import { priceOf } from "./filters.js";
import { boxIn } from "./trait_options.js";
import { typed } from "../platform/price_format.js";

export class PriceRange {
  #group;
  #filters;
  /** @type {HTMLInputElement} */
  #from;
  /** @type {HTMLInputElement} */
  #to;
  /** @type {Map<string, HTMLElement>} */
  #choices = new Map(); // currency -> its radio button's label
  /** @type {import("./facets.js").Counts["prices"]} */
  #ranges = [];
  /** @type {EventTarget | null} */
  #typing = null; // the field that somebody is in the middle of

  /**
   * @param {HTMLElement} group hidden while nothing has a price
   * @param {import("./filters.js").Filters} filters
   */
  constructor(group, filters) {
    this.#group = group;
    this.#filters = filters;
    [this.#from, this.#to] = group.querySelectorAll("input");
    group.addEventListener("input", ({ target }) => (this.#typing = target));
    group.addEventListener("change", (event) => {
      const target = /** @type {HTMLInputElement} */ (event.target);
      this.#typing = null;
      const currency = target.type === "radio" ? target.value : this.#currency();
      filters.choose({ minPrice: priceOf(this.#from.value), maxPrice: priceOf(this.#to.value), currency });
    });
  }

  /** @param {import("./facets.js").Counts["prices"]} ranges one for each currency */
  show(ranges) {
    this.#ranges = ranges;
    const { minPrice, maxPrice, currency: chosen } = this.#filters.chosen;
    const currency = this.#currency();
    const names = [...new Set([...ranges.map((range) => range.currency), chosen])].flatMap((name) => name || []);
    this.#choices = new Map(names.map((name) => [name, this.#choices.get(name) ?? makeChoice(name)]));
    for (const [name, label] of this.#choices) boxIn(label).checked = name === currency;
    const currencies = find(".currencies", this.#group);
    arrange(currencies, [...this.#choices.values()]);
    currencies.hidden = names.length < 2;
    find(".unit", this.#group).textContent = names.length < 2 ? (currency ?? "") : "";
    const range = ranges.find((each) => each.currency === currency);
    this.#fill(this.#from, minPrice, range?.min);
    this.#fill(this.#to, maxPrice, range?.max);
    this.#group.hidden = ranges.length === 0 && minPrice === null && maxPrice === null;
  }

  /** @param {HTMLInputElement} input @param {number | null} price @param {number | undefined} limit of all products */
  #fill(input, price, limit) {
    if (input !== this.#typing && priceOf(input.value) !== price) input.value = String(price ?? "");
    input.placeholder = limit === undefined ? "" : typed(limit);
  }

  /** The chosen one, else the one that most products have; null when none has any. */
  #currency() {
    const most = this.#ranges.filter(({ currency }) => currency).sort((a, b) => b.count - a.count)[0];
    return this.#filters.chosen.currency ?? most?.currency ?? null;
  }
}

/** @param {string} currency */
function makeChoice(currency) {
  const label = element("label", "option");
  const button = element("input", "option-box");
  Object.assign(button, { type: "radio", name: "currency", value: currency });
  label.append(button, element("span", "option-name", currency));
  return label;
}
