/** "More like this": a strip of products that look like the one in the panel, with names and prices. */

import { ask, productPath } from "../platform/api_client.js";
import { element, find } from "../platform/dom.js";
import { LANGUAGE } from "../platform/i18n.js";
import { nameOf, thumbnail } from "./product_card.js";
import { showPrice } from "./product_price.js";
import { Retry } from "../ui/retry_notice.js";

/** @typedef {import("./product_card.js").Product} Product */

const MANY = 12;

export class Similar {
  #section;
  #strip;
  #retry;
  #open;

  /**
   * @param {HTMLElement} section
   * @param {(product: Product) => void} open called with the one that is tapped
   */
  constructor(section, open) {
    this.#section = section;
    this.#strip = find(".strip", section);
    this.#retry = new Retry(find(".retry", section));
    this.#open = open;
  }

  /**
   * @param {Product} product
   * @param {AbortSignal} signal aborted when the panel shows something else
   */
  async load(product, signal) {
    this.#retry.hide();
    this.#section.hidden = false;
    this.#strip.replaceChildren();
    this.#strip.scrollLeft = 0;
    const { status, body } = await ask(`${productPath(product.product_id, "/similar")}?k=${MANY}&lang=${LANGUAGE}`, { signal });
    if (signal.aborted) return;
    if (status === 200 && body) {
      this.#section.hidden = body.results.length === 0;
      this.#strip.replaceChildren(...body.results.map((/** @type {Product} */ each) => this.#item(each)));
    } else if (status === 404) this.#section.hidden = true; // the panel says that it is gone
    else this.#retry.offer(status, () => this.load(product, signal));
  }

  /** @param {Product} product */
  #item(product) {
    const item = element("li", "strip-item");
    const button = element("button", "strip-button");
    button.type = "button";
    const tile = element("span", "strip-tile");
    tile.append(thumbnail(product));
    const title = element("span", "title", nameOf(product));
    button.append(tile, title, showPrice(element("span", "price"), product));
    button.addEventListener("click", () => this.#open(product));
    item.append(button);
    return item;
  }
}
