import { LOCALE } from "./i18n.js";

/**
 * A price as people of the page's language write it.
 * @param {number | null} price
 * @param {string | null} currency ISO 4217 code
 * @returns {string} empty when there is no price
 */
export function money(price, currency) {
  if (price === null || price === undefined) return "";
  try {
    return new Intl.NumberFormat(LOCALE, currency ? { style: "currency", currency } : {}).format(price);
  } catch {
    return `${new Intl.NumberFormat(LOCALE).format(price)} ${currency}`; // a feed may hold a code that is none
  }
}

/** A price without its currency, as people type it where they are. @param {number} price @returns {string} */
export function typed(price) {
  return new Intl.NumberFormat(undefined, { useGrouping: false }).format(price);
}
