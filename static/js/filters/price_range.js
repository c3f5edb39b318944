/** Prices from and to, in one currency. */

import { arrange } from "../ui/reorder_children.js";
import { element } from "../products/product_card.js";
import { priceOf } from "./filters.js";
import { typed } from "../platform/price_format.js";

export class PriceRange {
  #group;
  #filters;
  #from;
  #to;
  #choices = new Map(); // currency -> its radio button's label
  #ranges = [];
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
    group.addEventListener("change", ({ target }) => {
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
    const names = [...new Set([...ranges.map((range) => range.currency), chosen])].filter(Boolean);
    this.#choices = new Map(names.map((name) => [name, this.#choices.get(name) ?? makeChoice(name)]));
    for (const [name, label] of this.#choices) label.control.checked = name === currency;
    const currencies = this.#group.querySelector(".currencies");
    arrange(currencies, [...this.#choices.values()]);
    currencies.hidden = names.length < 2;
    this.#group.querySelector(".unit").textContent = names.length < 2 ? (currency ?? "") : "";
    const range = ranges.find((each) => each.currency === currency);
    for (const [input, price, limit] of [[this.#from, minPrice, range?.min], [this.#to, maxPrice, range?.max]]) {
      if (input !== this.#typing && priceOf(input.value) !== price) input.value = price ?? "";
      input.placeholder = limit === undefined ? "" : typed(limit);
    }
    this.#group.hidden = ranges.length === 0 && minPrice === null && maxPrice === null;
  }

  /** The chosen one, else the one that most products have; null when none has any. */
  #currency() {
    const most = this.#ranges.filter(({ currency }) => currency).sort((a, b) => b.count - a.count)[0];
    return this.#filters.chosen.currency ?? most?.currency ?? null;
  }
}

function makeChoice(currency) {
  const label = element("label", "option");
  const button = element("input", "option-box");
  Object.assign(button, { type: "radio", name: "currency", value: currency });
  label.append(button, element("span", "option-name", currency));
  return label;
}
