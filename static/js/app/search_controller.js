/** The finding side of the page: searches what is drawn, narrowed down as chosen, and shows what comes back. */

import { Announcer } from "../ui/live_region.js";
import { find as $ } from "../platform/dom.js";
import { nameOf } from "../products/product_card.js";
import { isThin } from "../results/sketch_advice.js";
import { say } from "../platform/i18n.js";
import { Note } from "../ui/toast.js";
import { fetchParts, part } from "./lazy_modules.js";
import { Results } from "../results/result_grid.js";
import { Search } from "../results/search_client.js";
import { SortOrder } from "../results/sort_order.js";
import { WELCOME, tell } from "../ui/status_line.js";

const SETTLED = 2000; // ms that results stay until they count as looked at
const CALM = 1000; // ms after the first results until what a tap may need is fetched: their photos come first

/** @typedef {import("../types.js").SearchResult} SearchResult */
/** @typedef {import("../types.js").ServerError} ServerError */

/** Searches the sketch whenever it changes or grows, or other filters are chosen. */
export class Finding {
  #sketch;
  #paper;
  #filters;
  /** @type {import("../filters/facets.js").Facets | null} */
  #facets = null; // what there is to choose from; null until the first results
  #found = $(".found");
  /** @type {import("../filters/word_field.js").WordField | null} */
  #words = null; // until somebody types, or a link brings words
  #scroller = $(".scroll");
  #search = new Search();
  #results = new Results(/** @type {HTMLUListElement} */ ($("#results")), this.#scroller);
  /** @type {import("../products/product_panel.js").ProductPanel | null} */
  #panel = null; // until a product is opened
  /** @type {import("../results/more_results.js").More | null} */
  #more = null; // until there are results
  #order = new SortOrder(/** @type {HTMLSelectElement} */ ($(".sort-order")));
  #note = new Note($(".note"));
  #announcer = new Announcer($(".status"), $(".spoken"), () => this.#first());
  #size = 0; // of the gallery
  #searched = ""; // the JSON of the sketch that found what is shown
  #searchId = ""; // of the search that found it, where the server counts what becomes of it
  #settling = 0;

  /**
   * @param {import("../sketch/sketch.js").Sketch} sketch
   * @param {import("../sketch/paper.js").Paper} paper
   * @param {import("../filters/filters.js").Filters} filters
   */
  constructor(sketch, paper, filters) {
    this.#sketch = sketch;
    this.#paper = paper;
    this.#filters = filters;
    $(".words").addEventListener("focusin", () => this.#openWords());
    this.#followPaper();
    this.#followFilters();
    this.#followSearch();
    this.#results.addEventListener("open", ({ detail }) => this.#open(detail));
    if (new URLSearchParams(window.location.search).has("debug")) {
      import("../results/latency_overlay.js").then(({ measure }) => measure(this.#search, this.#found));
    }
  }

  #followPaper() {
    this.#sketch.addEventListener("change", () => this.#searchNow());
    const take = () => this.#paper.snapshot();
    this.#paper.addEventListener("progress", () => this.#search.soon(take, this.#parameters));
  }

  #followFilters() {
    const filters = this.#filters;
    filters.addEventListener("change", () => {
      this.#found.toggleAttribute("data-narrowed", !filters.areOpen);
      this.#searchFromTop();
      this.#offerChoices();
    });
    this.#order.addEventListener("change", () => this.#searchFromTop());
    $("#everything").addEventListener("click", () => filters.clear());
  }

  #followSearch() {
    const search = this.#search;
    search.addEventListener("searching", () => this.#found.classList.add("searching"));
    search.addEventListener("slow", () => tell(say("trouble.slow"), true));
    search.addEventListener("results", ({ detail }) => this.#show(detail));
    search.addEventListener("results", () => setTimeout(fetchParts, CALM), { once: true });
    search.addEventListener("unclear", () => this.#settle(say("finding.unclear")));
    search.addEventListener("lost", ({ detail: { message } }) => this.#settle(message, true));
    search.addEventListener("failed", async ({ detail: { message, error } }) => {
      if (!(await this.#takeBack(error))) this.#settle(message, true);
    });
  }

  /** Counts the results as looked at if they stay. @param {string | null | undefined} id of the search */
  #countIfSettled(id) {
    this.#searchId = id ?? "";
    clearTimeout(this.#settling);
    if (id) this.#settling = setTimeout(() => countShown(id), SETTLED);
  }

  #searchFromTop() {
    this.#scroller.scrollTop = 0;
    this.#searchNow();
  }

  get #parameters() {
    return new URLSearchParams([...this.#filters.parameters, ...this.#order.parameters]);
  }

  #searchNow() {
    this.#note.hide();
    const isEmpty = this.#sketch.isEmpty;
    if (!isEmpty || this.#filters.chosen.words) {
      return this.#search.now(isEmpty ? null : this.#paper.snapshot(), this.#parameters);
    }
    this.#search.cancel();
    this.#more?.stop();
    this.#words?.tell(null);
    this.#countIfSettled(null);
    this.#results.show([]);
    this.#scroller.scrollTop = 0; // the filters that are left should be seen
    this.#found.dataset.state = "empty";
    this.#settle(WELCOME);
  }

  /** @param {import("../types.js").Found} found */
  #show({ answer, sketch, path, growing }) {
    const { results: products, gallery } = answer;
    const everything = $("#everything");
    const hadFocus = everything === document.activeElement;
    [this.#searched, this.#size] = [sketch, gallery.size];
    this.#countIfSettled(growing ? null : answer.search_id);
    this.#results.show(products);
    this.#tellWords(answer.words);
    this.#found.dataset.state = products.length ? "results" : "nothing";
    everything.hidden = this.#filters.areOpen;
    const isGone = everything.hidden || products.length > 0;
    if (hadFocus && isGone) $(products.length ? "#results button" : "#filters").focus();
    $(".nothing span").textContent = say(gallery.size ? "finding.nothing_here" : "finding.no_products");
    this.#settle(products.length ? this.#countOf(products) : say("finding.nothing"));
    if (products.length && !growing) this.#advise(answer.confident);
    this.#announcer.changed();
    this.#offerChoices();
    this.#offerMore(path, sketch, growing ? null : (answer.next ?? null)); // who draws has no use for more
  }

  /** The field for words, with what was typed until its code has come; null without network. */
  async #openWords() {
    const WordField = (await part("words"))?.WordField;
    if (WordField) this.#words ??= new WordField($(".words"), this.#filters);
    return this.#words;
  }

  /** @param {import("../filters/word_field.js").Words | null | undefined} words of an answer */
  async #tellWords(words) {
    const field = words ? await this.#openWords() : this.#words;
    field?.tell(words);
  }

  /** @param {readonly SearchResult[]} products */
  #countOf({ length: found }) {
    const [likeness, price] = this.#searched ? ["finding.count", "finding.by_price"] : ["words.count", "words.by_price"];
    return say(this.#order.isByPrice ? price : likeness, { found, size: this.#size });
  }

  /** Lets who scrolls on see more. @param {string} path @param {string} sketch @param {string | null} next cursor */
  async #offerMore(path, sketch, next) {
    if (!this.#more && next === null) return;
    const More = (await part("more"))?.More;
    if (!this.#more && More) {
      this.#more = new More(this.#scroller, $(".more"));
      this.#more.addEventListener("outdated", () => this.#searchFromTop());
      this.#more.addEventListener("more", ({ detail }) => {
        this.#results.show([...this.#results.products, ...detail]);
        this.#settle(this.#countOf(this.#results.products));
      });
    }
    if (sketch === this.#searched && this.#found.dataset.state !== "empty") this.#more?.follow(path, sketch, next);
  }

  /** Without results there is nothing to narrow down: what that takes must not delay the first ones. */
  async #offerChoices() {
    const choosing = await part("choosing");
    if (this.#facets || !choosing) return this.#facets?.ensure();
    this.#facets = choosing.openChoices(this.#filters);
    this.#facets.addEventListener("change", () => this.#order.offer(Boolean(this.#facets?.counts?.prices.length)));
    this.#facets.addEventListener("refused", ({ detail: error }) => this.#takeBack(error));
  }

  /** @param {SearchResult} product */
  async #open(product) {
    const [products, searched, id] = [this.#results.products, this.#searched, this.#searchId]; // others may be found until the code has come
    const ProductPanel = (await part("product"))?.ProductPanel;
    if (ProductPanel) this.#panel ??= new ProductPanel(/** @type {HTMLDialogElement} */ ($("#product")));
    this.#panel?.open(product, products, searched, id);
  }

  /**
   * Says what would help, once the finger is up: who draws knows that it is not done.
   * @param {boolean | null | undefined} confident
   */
  #advise(confident) {
    if (this.#note.isShown) return; // it says why other filters are searched than were chosen
    if ($(".paper").hasAttribute("data-photo")) return; // nobody has drawn its lines
    if (isThin(this.#sketch.strokes)) this.#note.show(say("finding.thin"));
    else if (confident === false && this.#filters.areOpen) this.#note.show(say("finding.unlike")); // else it may be they
  }

  /**
   * Takes back a filter that is no more, which searches again.
   * @param {ServerError | undefined} error
   * @returns {Promise<boolean>} whether the error was one
   */
  async #takeBack(error) {
    const words = this.#filters.areOpen ? "" : (await part("vanished"))?.takeBack(this.#filters, error ?? {});
    if (words) this.#note.show(words);
    return Boolean(words);
  }

  /** @param {string} words for the status line @param {boolean} trouble */
  #settle(words, trouble = false) {
    this.#found.classList.remove("searching");
    tell(words, trouble);
  }

  /** The nearest product, for those who hear the page. */
  #first() {
    const [nearest] = this.#results.products;
    return nearest ? say("finding.first", { title: nameOf(nearest) }) : "";
  }
}

/** @param {string} id of a search */
async function countShown(id) {
  const log = await import("../platform/event_log.js").catch(() => null); // without network nothing is counted
  log?.noteShown(id);
}
