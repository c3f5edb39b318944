/** The large photo: the thumbnail that is there already, until the photo has come. */

import { nameOf } from "./product_card.js";

export class Photo {
  #image;

  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.#image = figure.querySelector("img");
  }

  /** @param {import("./product_card.js").Product} product */
  async show(product) {
    const { photo_url, thumbnail_url } = product;
    const image = this.#image.cloneNode(); // a new one: the old photo must not stand beside the new name
    image.alt = nameOf(product);
    image.removeAttribute("src");
    image.classList.toggle("missing", !thumbnail_url && !photo_url);
    if (thumbnail_url ?? photo_url) image.src = thumbnail_url ?? photo_url;
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
