/** All that a shopper narrows the search down with: the row of categories, and the sheet of filters behind a button. */

import { Categories } from "./category_chips.js";
import { find as $ } from "../platform/dom.js";
import { Facets } from "./facets.js";
import { say, written } from "../platform/i18n.js";
import { PriceRange } from "./price_range.js";
import { Sheet } from "../ui/dialog_sheet.js";
import { StockChoice } from "./stock_toggle.js";
import { TRAITS } from "./filters.js";
import { TraitChips } from "./trait_options.js";
import { rollSideways } from "../ui/wheel_row.js";

/**
 * @param {import("./filters.js").Filters} filters
 * @returns {Facets}
 */
export function openChoices(filters) {
  const opener = $("#filters");
  const sheet = new Sheet(/** @type {HTMLDialogElement} */ ($("#filter-sheet")));
  /** @type {HTMLButtonElement} */
  const reset = $("#reset");
  const facets = new Facets(filters);
  new Categories($(".chips"), filters, facets);
  rollSideways($(".choosing"));
  const traits = TRAITS.map((trait) => new TraitChips($(`.${trait}`), filters, trait));
  const stock = new StockChoice($(".stock"), filters);
  const prices = new PriceRange($(".prices"), filters);

  function show() {
    const { chosen } = filters;
    const hasPrice = chosen.minPrice !== null || chosen.maxPrice !== null;
    const values = TRAITS.reduce((sum, trait) => sum + chosen[trait].length, 0);
    const active = values + Number(chosen.inStock) + Number(hasPrice);
    for (const trait of traits) trait.show(facets.counts);
    stock.show(facets.counts);
    prices.show(facets.counts?.prices ?? []);
    $(".count", opener).textContent = active ? written(active) : "";
    opener.hidden = ["prices", "stock", ...TRAITS].every((group) => $(`.${group}`).hidden);
    $("#show-found").textContent = leaving(facets.counts?.size ?? null);
    reset.disabled = active === 0;
  }

  filters.addEventListener("change", show);
  facets.addEventListener("change", show);
  opener.addEventListener("click", () => sheet.open());
  $("#show-found").addEventListener("click", () => sheet.close());
  reset.addEventListener("click", () => {
    const { words, category, currency } = filters.chosen;
    filters.clear({ words, category, currency });
    $("#filter-sheet").focus(); // the button that had it can be pressed no more
  });
  facets.load();
  return facets;
}

/** @param {number | null} count of products that pass; null while nobody knows */
function leaving(count) {
  if (count === null) return say("filters.show_results");
  if (count === 0) return say("filters.show_none");
  return count === 1 ? say("filters.show_one") : say("filters.show", { count });
}
