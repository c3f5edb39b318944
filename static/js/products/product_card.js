/** One product in the grid: built by hand and not from HTML, since titles come from somebody else's feed. */

import { money } from "../platform/price_format.js";
import { say } from "../platform/i18n.js";

/**
 * @typedef {object} Product as POST /search gives it
 * @property {string} product_id
 * @property {string} title
 * @property {string | null} category
 * @property {number | null} price
 * @property {string | null} currency
 * @property {{currency: string | null, min: number, max: number}[]} [prices] of all variants, a range in each currency
 * @property {string | null} [color]
 * @property {string | null} link
 * @property {string | null} photo_url
 * @property {string | null} thumbnail_url
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
  const caption = element("span", "caption");
  caption.append(
    element("span", "title", nameOf(product)),
    element("span", "price", priceOf(product)),
    element("span", "category", (product.category ?? "").split(">").at(-1)?.trim()),
  );
  body.append(tile, caption);
  item.append(body);
  return item;
}

/** What a product costs, or what its variants cost at least. @param {Product} product */
function priceOf({ price, currency, prices = [] }) {
  const range = prices.find((known) => known.currency === currency);
  const isRange = range !== undefined && range.min < range.max;
  return isRange ? say("product.price_from", { price: money(range.min, currency) }) : money(price, currency);
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

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {string} className @param {string} text
 */
export function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
