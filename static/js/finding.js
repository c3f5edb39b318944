/** The finding side of the page: searches what is drawn, narrowed down as chosen, and shows what comes back. */

import { Categories } from "./categories.js";
import { say } from "./messages.js";
import { Results } from "./results.js";
import { Search } from "./search.js";
import { WELCOME, tell } from "./status.js";

const $ = (selector) => document.querySelector(selector);

/**
 * Searches the sketch whenever it changes or grows.
 * @param {import("./strokes.js").Sketch} sketch
 * @param {import("./canvas.js").Paper} paper
 */
export function searchWhileDrawing(sketch, paper) {
  const found = $(".found");
  const search = new Search();
  const results = new Results($("#results"));
  const categories = new Categories($(".chips"));
  const query = () => ({ ...paper.snapshot(), category: categories.chosen });

  function searchNow() {
    if (!sketch.isEmpty) return search.now(query());
    search.cancel();
    results.clear();
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

  sketch.addEventListener("change", searchNow);
  paper.addEventListener("progress", () => search.soon(query));
  categories.addEventListener("change", () => {
    $(".scroll").scrollTop = 0;
    searchNow();
  });
  $("#everything").addEventListener("click", () => categories.choose(null));

  search.addEventListener("searching", () => found.classList.add("searching"));
  search.addEventListener("results", ({ detail: { results: products, gallery } }) => {
    results.show(products);
    $("#everything").hidden = categories.chosen === null;
    if (products.length) show("results", say("finding.count", { found: products.length, size: gallery.size }));
    else show("nothing", say("finding.nothing"));
  });
  search.addEventListener("unclear", () => settle(say("finding.unclear")));
  search.addEventListener("lost", ({ detail }) => settle(detail.message, true));
  search.addEventListener("failed", ({ detail }) => {
    settle(detail.message, true);
    if (detail.code === "unknown_category") categories.choose(null);
  });
  categories.load();
}
