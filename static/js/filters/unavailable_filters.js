/** Filters that the server refuses, as when a catalogue has changed or a link is old or odd. */

import { say } from "../platform/i18n.js";

const NO_PRICE = { minPrice: null, maxPrice: null, currency: null };

/** What takes back the filter of a parameter. @type {Record<string, Partial<import("./filters.js").Choice>>} */
const WITHOUT = {
  category: { category: null },
  color: { colors: [] },
  brand: { brands: [] },
  gender: { genders: [] },
  size: { sizes: [] },
  min_price: NO_PRICE,
  max_price: NO_PRICE,
  currency: NO_PRICE,
  q: { words: "" },
};

/**
 * Takes back what the server refused.
 * @param {import("./filters.js").Filters} filters
 * @param {import("../types.js").ServerError} error
 * @returns {string} what to say about it; empty when the error is about something else
 */
export function takeBack(filters, { code, detail }) {
  if (code === "unknown_category") {
    filters.choose(WITHOUT.category);
    return say("trouble.unknown_category");
  }
  if (code === "unknown_color") {
    filters.choose({ colors: without(filters.chosen.colors, detail?.color) });
    return say("trouble.unknown_color");
  }
  if (code === "unknown_brand") {
    filters.choose({ brands: without(filters.chosen.brands, detail?.brand) });
    return say("trouble.unknown_brand");
  }
  if (code === "unknown_gender") {
    filters.choose({ genders: without(filters.chosen.genders, detail?.gender) });
    return say("trouble.unknown_gender");
  }
  if (code === "unknown_size") {
    filters.choose({ sizes: without(filters.chosen.sizes, detail?.size) });
    return say("trouble.unknown_size");
  }
  if (code === "unknown_currency" || detail?.parameter === "currency") {
    filters.choose(NO_PRICE);
    return say("trouble.unknown_currency");
  }
  const refused = WITHOUT[parameterIn(detail)];
  if (!refused) return "";
  filters.choose(refused);
  return say("trouble.refused_choice");
}

/**
 * The first parameter that an error is about: "color" of [{parameter: "color[3]"}].
 * @param {any} detail of any error: an object, a list of them, or nothing
 */
function parameterIn(detail) {
  return String([detail].flat()[0]?.parameter).replace(/\[.*/, "");
}

/**
 * The values but the one that is gone; if the server does not say which, none can be kept.
 * @param {readonly string[]} values @param {unknown} gone
 */
function without(values, gone) {
  return values.filter((value) => gone !== undefined && value.toLowerCase() !== String(gone).toLowerCase());
}
