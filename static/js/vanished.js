/** Filters that the server does not know any more, as when a catalogue has changed or a link is old. */

import { say } from "./messages.js";

/**
 * Takes back what the server refused.
 * @param {import("./filters.js").Filters} filters
 * @param {{code?: string, detail?: any}} error
 * @returns {string} what to say about it; empty when the error is about something else
 */
export function takeBack(filters, { code, detail }) {
  if (code === "unknown_category") {
    filters.choose({ category: null });
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
  if (code === "unknown_currency" || detail?.parameter === "currency") {
    filters.choose({ minPrice: null, maxPrice: null, currency: null });
    return say("trouble.unknown_currency");
  }
  return "";
}

/** The values but the one that is gone; if the server does not say which, none can be kept. */
function without(values, gone) {
  return values.filter((value) => gone !== undefined && value.toLowerCase() !== String(gone).toLowerCase());
}
