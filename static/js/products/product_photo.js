/** The large photo: the thumbnail that is there already, until the photo has come. */

import { find } from "../platform/dom.js";
import { nameOf } from "./product_card.js";

export class Photo {
  /** @type {HTMLImageElement} */
  #image;

  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.#image = find("img", figure);
  }

  /** @param {import("./product_card.js").Product} product */
  async show(product) {
    const { photo_url, thumbnail_url } = product;
    const image = /** @type {HTMLImageElement} */ (this.#image.cloneNode()); // a new one: the old photo must not stand beside the new name
    image.alt = nameOf(product);
    image.removeAttribute("src");
    image.classList.toggle("missing", !thumbnail_url && !photo_url);
    const first = thumbnail_url ?? photo_url;
    if (first) image.src = first;
    this.#image.replaceWith(image);
    this.#image = image;
    if (!photo_url) return;
    const large = new Image();
    large.src = photo_url;
    try {
      await large.decode(); // so that it takes the thumbnail's place without a blank in between
      image.src = photo_url;
    } catch {
      // the thumbnail stays
    }
  }
}
