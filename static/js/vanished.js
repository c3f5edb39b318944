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
    const gone = detail?.color; // if the server does not say which, none can be kept
    const isKept = (color) => gone !== undefined && color.toLowerCase() !== String(gone).toLowerCase();
    filters.choose({ colors: filters.chosen.colors.filter(isKept) });
    return say("trouble.unknown_color");
  }
  if (code === "unknown_currency" || detail?.parameter === "currency") {
    filters.choose({ minPrice: null, maxPrice: null, currency: null });
    return say("trouble.unknown_currency");
  }
  return "";
}
