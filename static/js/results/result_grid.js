/** The grid of results. Products that stay keep their element, so nothing reloads or flickers while one draws. */

import { arrange } from "../ui/reorder_children.js";
import { card, thumbnail } from "../products/product_card.js";
import { hit } from "../platform/dom.js";
import { Grip } from "../ui/held_item.js";
import { columnsOf, walk } from "../ui/grid_navigation.js";

const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const GLIDE = { duration: 260, easing: "cubic-bezier(.2, .7, .2, 1)" };

/** @typedef {import("../types.js").SearchResult} SearchResult */

/** Fires "open" (detail: a product) when one is tapped. */
export class Results extends /** @type {import("../types.js").FiringClass<{open: CustomEvent<SearchResult>}>} */ (EventTarget) {
  /** @type {readonly SearchResult[]} what was shown last, best first */
  products = [];

  #list;
  #grip;
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  /** @type {WeakMap<HTMLElement, SearchResult>} */
  #productOf = new WeakMap(); // item -> its product, also of one that is held and was found no more

  /**
   * @param {HTMLUListElement} list
   * @param {HTMLElement} scroller
   */
  constructor(list, scroller) {
    super();
    this.#list = list;
    this.#grip = new Grip(scroller, ".card");
    this.#grip.addEventListener("release", () => this.#draw());
    walk(list);
    list.addEventListener("click", (event) => {
      const item = hit(event, ".card");
      const product = item && this.#productOf.get(item);
      if (product) this.dispatchEvent(new CustomEvent("open", { detail: product }));
    });
  }

  /** @param {readonly SearchResult[]} products best first */
  show(products) {
    this.products = products;
    this.#draw();
  }

  #draw() {
    const places = this.#places();
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = this.#list.contains(active) ? active : null;
    const held = this.products.length && this.#list.contains(this.#grip.held) ? this.#grip.held : null;
    const place = [...this.#list.children].findIndex((child) => child === held);
    const inFirstRow = columnsOf(this.#list);
    const items = new Map(this.products.map((product, i) => [keyOf(product), this.#item(product, i < inFirstRow)]));
    const order = [...items.values()].filter((item) => item !== held);
    if (held) {
      order.splice(place, 0, held); // it stays where it is, even if it was found no more, until it is let go
      items.set(held.dataset.key ?? "", held);
    }
    this.#items = items;
    arrange(this.#list, order, held ?? focused?.closest(".card"));
    if (focused?.isConnected) focused.focus({ preventScroll: true }); // moving an element takes its focus away
    this.#glide(places);
  }

  /** @param {SearchResult} product @param {boolean} first */
  #item(product, first) {
    const key = keyOf(product);
    const item = this.#items.get(key) ?? card(product, first);
    item.dataset.key = key;
    item.dataset.rank = String(product.rank);
    this.#productOf.set(item, product);
    // the network may be back
    if (product.thumbnail_url) item.querySelector(".missing")?.replaceWith(thumbnail(product, first));
    return item;
  }

  /** Where the items are now, on their way or not; empty when motion is unwelcome. @returns {Map<Element, DOMRect>} */
  #places() {
    const places = new Map();
    if (!CALM.matches) for (const item of this.#items.values()) places.set(item, item.getBoundingClientRect());
    return places;
  }

  /**
   * Lets items travel from where they were; all is read before anything is written, so layout is done once.
   * @param {Map<Element, DOMRect>} places
   */
  #glide(places) {
    if (CALM.matches) return;
    for (const item of places.keys()) for (const motion of item.getAnimations()) motion.cancel(); // or they count twice
    const moves = [...this.#list.children].map((item) => ({ item, from: places.get(item), to: item.getBoundingClientRect() }));
    for (const { item, from, to } of moves) {
      if (to.top > window.innerHeight) continue; // nobody sees it
      if (!from) item.animate([{ opacity: 0, transform: "scale(.96)" }, {}], GLIDE);
      else if (from.left !== to.left || from.top !== to.top) {
        item.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, {}], GLIDE);
      }
    }
  }
}

/** A product that looks different by now gets a new element. @param {SearchResult} product */
function keyOf({ product_id, title, category_label, brand, price, currency, prices, sizes, in_stock, thumbnail_url }) {
  return JSON.stringify([product_id, title, category_label, brand, price, currency, prices, sizes, in_stock, thumbnail_url]);
}
