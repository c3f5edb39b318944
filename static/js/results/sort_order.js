/** The order of the results, and the control for it. */

/** Fires "change" when another order is chosen. */
export class SortOrder extends EventTarget {
  #control;

  /** @param {HTMLSelectElement} control its values are those of the server's parameter `sort` */
  constructor(control) {
    super();
    this.#control = control;
    control.addEventListener("change", () => this.dispatchEvent(new Event("change")));
  }

  /** Whether it is another order than that by likeness. */
  get isByPrice() {
    return this.#control.value !== "likeness";
  }

  /** @returns {[string, string][]} parameters of a search */
  get parameters() {
    return this.isByPrice ? [["sort", this.#control.value]] : [];
  }

  /** Offers the control. It stays where it is needed to go back. @param {boolean} hasPrices whether there are prices to sort by */
  offer(hasPrices) {
    this.#control.hidden = !hasPrices && !this.isByPrice;
  }
}
