/** Whether products that are out of stock are left out. */

import { find } from "../platform/dom.js";
import { written } from "../platform/i18n.js";

export class StockChoice {
  #group;
  /** @type {HTMLInputElement} */
  #box;
  #filters;

  /**
   * @param {HTMLElement} group hidden while everything is in stock
   * @param {import("./filters.js").Filters} filters
   */
  constructor(group, filters) {
    this.#group = group;
    this.#box = find("input", group);
    this.#filters = filters;
    this.#box.addEventListener("change", () => filters.choose({ inStock: this.#box.checked }));
  }

  /** @param {import("./facets.js").Counts | null} counts */
  show(counts) {
    const { inStock } = this.#filters.chosen;
    this.#box.checked = inStock;
    find(".count", this.#group).textContent = counts ? written(counts.in_stock) : "";
    const isMissing = counts !== null && counts.size !== null && counts.in_stock < counts.size;
    this.#group.hidden = !isMissing && !inStock;
  }
}
