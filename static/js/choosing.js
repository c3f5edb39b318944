/** All that a shopper narrows the search down with: the row of categories, and the sheet of filters behind a button. */

import { Categories } from "./categories.js";
import { ColorChips } from "./color_chips.js";
import { Facets } from "./facets.js";
import { say, written } from "./messages.js";
import { PriceRange } from "./price_range.js";
import { Sheet } from "./sheet.js";

const $ = (selector) => document.querySelector(selector);

/**
 * @param {import("./filters.js").Filters} filters
 * @returns {Facets}
 */
export function openChoices(filters) {
  const opener = $("#filters");
  const sheet = new Sheet($("#filter-sheet"));
  const facets = new Facets(filters);
  new Categories($(".chips"), filters, facets);
  const colors = new ColorChips($(".colors"), filters);
  const prices = new PriceRange($(".prices"), filters);

  function show() {
    const { colors: chosen, minPrice, maxPrice } = filters.chosen;
    const active = chosen.length + (minPrice === null && maxPrice === null ? 0 : 1);
    colors.show(facets.counts?.colors ?? []);
    prices.show(facets.counts?.prices ?? []);
    opener.querySelector(".count").textContent = active ? written(active) : "";
    opener.hidden = $(".colors").hidden && $(".prices").hidden;
    $("#show-found").textContent = leaving(facets.counts?.size);
    $("#reset").disabled = active === 0;
  }

  filters.addEventListener("change", show);
  facets.addEventListener("change", show);
  opener.addEventListener("click", () => sheet.open());
  $("#show-found").addEventListener("click", () => sheet.close());
  $("#reset").addEventListener("click", () => {
    filters.choose({ colors: [], minPrice: null, maxPrice: null });
    $("#filter-sheet").focus(); // the button that had it can be pressed no more
  });
  facets.load();
  return facets;
}

/** @param {number | undefined} count of products that pass; undefined as long as nobody knows */
function leaving(count) {
  if (count === undefined) return say("filters.show_results");
  if (count === 0) return say("filters.show_none");
  return count === 1 ? say("filters.show_one") : say("filters.show", { count });
}

/**
 * Drops a filter that the server does not know any more.
 * @param {import("./filters.js").Filters} filters
 * @param {{code?: string, detail?: any} | undefined} error
 * @returns {string | null} what to say about it; null when the error is another one
 */
export function dropUnknown(filters, error) {
  if (error?.code === "unknown_category") {
    filters.choose({ category: null });
    return say("trouble.unknown_category");
  }
  if (error?.code !== "unknown_color") return null;
  const gone = error.detail?.color; // if the server does not say which, none can be kept
  const isKept = (color) => gone !== undefined && color.toLowerCase() !== String(gone).toLowerCase();
  filters.choose({ colors: filters.chosen.colors.filter(isKept) });
  return say("trouble.unknown_color");
}
