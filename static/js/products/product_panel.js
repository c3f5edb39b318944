/** The panel of one product: what it is, what matched, what looks like it, and the ways to the next and back. */

import { ask, productPath } from "../platform/api_client.js";
import { find } from "../platform/dom.js";
import { noteOpened, noteVisit } from "../platform/event_log.js";
import { announceChoice } from "../embed/host_page.js";
import { Matched } from "./match_overlay.js";
import { LANGUAGE, say } from "../platform/i18n.js";
import { Details } from "./product_details.js";
import { Photos } from "./product_photos.js";
import { Sheet } from "../ui/dialog_sheet.js";
import { Similar } from "./similar_products.js";

/** @typedef {import("./product_card.js").Product} Product */

export class ProductPanel {
  #dialog;
  #sheet;
  #photos;
  #details;
  #matched;
  #similar;
  /** @type {readonly Product[]} */
  #results = [];
  /** @type {Product[]} */
  #trail = []; // the products on the way here; the first is the result that it began with
  #sketch = "";
  #searchId = "";
  #controller = new AbortController();

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#sheet = new Sheet(dialog);
    this.#photos = new Photos(this.#$(".photo"));
    this.#details = new Details(dialog);
    this.#matched = new Matched(dialog, this.#photos);
    this.#similar = new Similar(this.#$(".similar"), (product) => this.#go([...this.#trail, product]));
    this.#$(".panel-back").addEventListener("click", () => this.#back());
    this.#$(".panel-previous").addEventListener("click", () => this.#step(-1));
    this.#$(".panel-next").addEventListener("click", () => this.#step(1));
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
    this.#$(".visit").addEventListener("click", (event) => {
      noteVisit(this.#searchId, this.#shown.product_id, this.#rank);
      // closed first: the shop may go on in the history, and then there is no way back from our entry
      const isTaken = announceChoice(this.#shown, () => this.#sheet.close());
      if (isTaken) event.preventDefault(); // the shop's page around this one opens it
    });
    this.#sheet.addEventListener("close", () => this.#controller.abort());
  }

  /**
   * @param {Product} product
   * @param {readonly Product[]} results that it is one of, unless it was found no more while a finger lay on it
   * @param {string} sketch the JSON that was searched
   * @param {string} searchId empty where the server does not count what becomes of searches
   */
  open(product, results, sketch, searchId) {
    this.#results = results;
    this.#sketch = sketch;
    this.#searchId = searchId;
    this.#go([product]);
    this.#sheet.open();
  }

  /** @template {HTMLElement} [E=HTMLElement] @param {string} selector @returns {E} */
  #$(selector) {
    return find(selector, this.#dialog);
  }

  get #shown() {
    return this.#trail[this.#trail.length - 1];
  }

  #back() {
    this.#go(this.#trail.slice(0, -1));
  }

  /** To a result before or after the one that the trail began with. @param {number} by */
  #step(by) {
    const next = this.#beside(by);
    if (next) this.#go([next]);
  }

  /**
   * The result before or after the one that the trail began with; none where that is no more among them.
   * @param {number} by
   */
  #beside(by) {
    const place = this.#place();
    return place < 0 ? undefined : this.#results[place + by];
  }

  #place() {
    return this.#results.findIndex(({ product_id }) => product_id === this.#trail[0].product_id);
  }

  /** The rank of what is shown; null for a product that is like another, not like the sketch. */
  get #rank() {
    const place = this.#trail.length === 1 ? this.#place() : -1;
    return place < 0 ? null : place + 1;
  }

  /** @param {Product[]} trail */
  #go(trail) {
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.#trail = trail;
    const product = this.#shown;
    noteOpened(this.#searchId, product.product_id, this.#rank);
    this.#show(product);
    this.#photos.show(product);
    this.#matched.offer(product, this.#sketch, signal);
    this.#similar.load(product, signal);
    this.#refresh(product, signal);
    this.#$(".panel-body").scrollTop = 0;
    this.#$("#product-title").focus({ preventScroll: true }); // so that the new name is read out
  }

  /** @param {Product} product */
  #show(product) {
    const rank = this.#rank;
    this.#$(".panel-back").hidden = this.#trail.length < 2;
    /** @type {HTMLButtonElement[]} */
    const [previous, next] = [".panel-previous", ".panel-next"].map((selector) => this.#$(selector));
    previous.disabled = !this.#beside(-1);
    next.disabled = !this.#beside(1);
    this.#$(".panel-place").textContent = rank ? say("product.place", { rank, count: this.#results.length }) : "";
    this.#$(".panel-gone").hidden = true;
    this.#$(".product").dataset.productId = product.product_id;
    this.#details.show(product);
  }

  /**
   * Its photo stays: of several it is the one that was found. So does what is of all its variants.
   * @param {Partial<Product>} news
   */
  #renew(news) {
    const known = this.#shown;
    const { photo_url, thumbnail_url, sizes, prices, availability, in_stock, variants = 1 } = known;
    const ofAll = variants > 1 ? { prices, availability, in_stock } : { prices: undefined, in_stock: undefined };
    const product = { ...known, ...news, photo_url, thumbnail_url, sizes, ...ofAll };
    this.#trail = [...this.#trail.slice(0, -1), product];
    this.#details.show(product);
  }

  /**
   * What the shop says of it now, which is more than a search tells. Without an answer the panel is only less new.
   * @param {Product} product @param {AbortSignal} signal
   */
  async #refresh(product, signal) {
    const { status, body } = await ask(`${productPath(product.product_id)}?lang=${LANGUAGE}`, { signal });
    if (signal.aborted) return;
    if (status === 200 && body) this.#renew(body);
    this.#$(".panel-gone").hidden = status !== 404;
  }
}
