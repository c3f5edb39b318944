/**
 * A price as people write it where they are.
 * @param {number | null} price
 * @param {string | null} currency ISO 4217 code
 * @returns {string} empty when there is no price
 */
export function money(price, currency) {
  if (price === null || price === undefined) return "";
  try {
    return new Intl.NumberFormat(undefined, currency ? { style: "currency", currency } : {}).format(price);
  } catch {
    return `${new Intl.NumberFormat().format(price)} ${currency}`; // a feed may hold a code that is none
  }
}

/** A price without its currency, as people type it where they are. @param {number} price @returns {string} */
export function typed(price) {
  return new Intl.NumberFormat(undefined, { useGrouping: false }).format(price);
}
