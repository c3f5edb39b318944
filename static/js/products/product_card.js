/** One product in the grid. */

import { element } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { showPrice } from "./product_price.js";

/**
 * @typedef {object} Product as POST /search gives it
 * @property {string} product_id
 * @property {string} title
 * @property {string | null} category
 * @property {string | null} [category_label] the same in the page's language
 * @property {number | null} price
 * @property {string | null} currency
 * @property {number | null} [regular_price] before the sale
 * @property {{currency: string | null, min: number, max: number, regular?: number | null}[]} [prices] of all variants
 * @property {string | null} [brand]
 * @property {string | null} [color]
 * @property {string | null} [color_label] the same in the page's language
 * @property {string[]} [sizes] of all variants
 * @property {number} [variants] their number
 * @property {string | null} [availability]
 * @property {boolean} [in_stock] whether any variant that passes the filters is
 * @property {string | null} [description]
 * @property {string | null} link
 * @property {string | null} photo_url
 * @property {string | null} thumbnail_url
 * @property {string[]} [photo_urls]
 */

const SIDE = 320; // px: the longest side of a thumbnail

/** @param {Product} product @param {boolean} first whether it is among what is seen first @returns {HTMLLIElement} */
export function card(product, first) {
  const item = element("li", "card");
  item.dataset.productId = product.product_id;
  const body = element("button", "card-body");
  body.type = "button";
  body.setAttribute("aria-haspopup", "dialog");
  const tile = element("span", "tile");
  tile.append(thumbnail(product, first));
  const isGone = product.in_stock === false;
  item.classList.toggle("sold-out", isGone);
  if (isGone) tile.append(element("span", "stock-mark", say("product.out_of_stock")));
  const caption = element("span", "caption");
  caption.append(
    element("span", "title", nameOf(product)),
    showPrice(element("span", "price"), product),
    element("span", "fact", product.brand ?? (product.category_label ?? product.category ?? "").split(">").at(-1)?.trim()),
  );
  if (product.sizes?.length) caption.append(element("span", "fact", spanOf(product.sizes)));
  body.append(tile, caption);
  item.append(body);
  return item;
}

/** All sizes if they are few, else the first and the last one. @param {string[]} sizes in their order */
function spanOf(sizes) {
  return sizes.length > 2 ? `${sizes[0]} – ${sizes[sizes.length - 1]}` : sizes.join(", ");
}

/** What a product is called; feeds leave titles out. @param {Product} product */
export function nameOf({ title, product_id }) {
  return title || product_id;
}

/** @param {Product} product @param {boolean} first */
export function thumbnail({ thumbnail_url }, first = false) {
  const image = element("img", "thumbnail");
  // the title follows as text, so a reader that spoke the picture too would say it twice
  Object.assign(image, { alt: "", loading: "lazy", decoding: "async", width: SIDE, height: SIDE, draggable: false });
  if (first) image.fetchPriority = "high";
  image.addEventListener("error", () => image.classList.add("missing"), { once: true });
  if (thumbnail_url) image.src = thumbnail_url;
  else image.classList.add("missing");
  return image;
}
