/** What a product costs, and what it cost before its sale, in its card, its panel and among similar products. */

import { element } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { money } from "../platform/price_format.js";

/** @typedef {import("./product_card.js").Product} Product */

/**
 * Fills an element with the price of a product, or with the lowest one of its variants.
 * @template {HTMLElement} E
 * @param {E} place @param {Product} product
 * @returns {E}
 */
export function showPrice(place, product) {
  const { min, max, currency, regular } = rangeOf(product);
  const price = money(min, currency);
  place.replaceChildren(max !== null && min !== null && min < max ? say("product.price_from", { price }) : price);
  if (regular === null || regular === undefined) return place;
  const before = money(regular, currency);
  const struck = element("s", "former", before);
  struck.ariaHidden = "true"; // not all readers say that it is struck out
  place.append(" ", struck, element("span", "unseen", say("product.price_was", { price: before })));
  return place;
}

/** The prices in its currency, or in the first one of its variants: what the server sorts by. @param {Product} product */
function rangeOf({ price, currency, regular_price, prices = [] }) {
  const range = prices.find((known) => known.currency === currency) ?? prices[0];
  return range ?? { min: price, max: price, currency, regular: regular_price };
}
