/** The finding side of the page: searches what is drawn, narrowed down as chosen, and shows what comes back. */

import { Announcer } from "./announcer.js";
import { nameOf } from "./card.js";
import { dropUnknown, openChoices } from "./choosing.js";
import { isThin } from "./hint.js";
import { say } from "./messages.js";
import { Note } from "./note.js";
import { ProductPanel } from "./product.js";
import { Results } from "./results.js";
import { Search } from "./search.js";
import { WELCOME, tell } from "./status.js";

const $ = (selector) => document.querySelector(selector);

/**
 * Searches the sketch whenever it changes or grows, or other filters are chosen.
 * @param {import("./strokes.js").Sketch} sketch
 * @param {import("./canvas.js").Paper} paper
 * @param {import("./filters.js").Filters} filters
 */
export function searchWhileDrawing(sketch, paper, filters) {
  const found = $(".found");
  const search = new Search();
  const results = new Results($("#results"), $(".scroll"));
  const panel = new ProductPanel($("#product"));
  const note = new Note($(".note"));
  const first = () => (results.products.length ? say("finding.first", { title: nameOf(results.products[0]) }) : "");
  const announcer = new Announcer($(".status"), $(".spoken"), first);
  let isGrowing = false; // a stroke is in the making
  let searched = ""; // the JSON of the sketch that found what is shown

  function searchNow() {
    isGrowing = false;
    note.hide();
    if (!sketch.isEmpty) return search.now(paper.snapshot(), filters.parameters);
    search.cancel();
    results.show([]);
    show("empty", WELCOME);
  }

  /** @param {"empty" | "results" | "nothing"} state of this side @param {string} words for the status line */
  function show(state, words) {
    found.dataset.state = state;
    settle(words);
  }

  function settle(words, trouble = false) {
    found.classList.remove("searching");
    tell(words, trouble);
  }
  /** Takes back a filter that is no more, which searches again. @returns {boolean} whether it was one */
  function refuse(error) {
    const words = dropUnknown(filters, error);
    if (words) note.show(words);
    return words !== null;
  }

  sketch.addEventListener("change", searchNow);
  paper.addEventListener("progress", () => {
    isGrowing = true;
    search.soon(() => paper.snapshot(), filters.parameters);
  });
  filters.addEventListener("change", () => {
    found.toggleAttribute("data-narrowed", !filters.areOpen);
    $(".scroll").scrollTop = 0;
    searchNow();
  });
  $("#everything").addEventListener("click", () => filters.clear());
  results.addEventListener("open", ({ detail: product }) => panel.open(product, results.products, searched));

  const facets = openChoices(filters);
  facets.addEventListener("refused", ({ detail: error }) => refuse(error));

  search.addEventListener("searching", () => found.classList.add("searching"));
  search.addEventListener("slow", () => tell(say("trouble.slow"), true));
  search.addEventListener("results", ({ detail: { answer, sketch: json } }) => {
    const { results: products, gallery } = answer;
    searched = json;
    results.show(products);
    $("#everything").hidden = filters.areOpen;
    $(".nothing span").textContent = say(gallery.size ? "finding.nothing_here" : "finding.no_products");
    if (products.length) show("results", say("finding.count", { found: products.length, size: gallery.size }));
    else show("nothing", say("finding.nothing"));
    if (!isGrowing && products.length && isThin(sketch.strokes)) note.show(say("finding.thin"));
    announcer.changed();
    facets.ensure();
  });
  search.addEventListener("unclear", () => settle(say("finding.unclear")));
  search.addEventListener("lost", ({ detail }) => settle(detail.message, true));
  search.addEventListener("failed", ({ detail: { message, error } }) => {
    if (!refuse(error)) settle(message, true);
  });
  if (new URLSearchParams(window.location.search).has("debug")) {
    import("./debug.js").then(({ measure }) => measure(search, found));
  }
}
