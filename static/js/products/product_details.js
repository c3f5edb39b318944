/** What the panel tells of a product: its name, price, stock, sizes and description, and the way to the shop. */

import { colourName } from "../filters/colour_names.js";
import { find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { nameOf } from "./product_card.js";
import { showPrice } from "./product_price.js";

/** @typedef {import("./product_card.js").Product} Product */

/** @type {Record<string, string>} */
const STOCK = {
  in_stock: "product.in_stock",
  preorder: "product.preorder",
  backorder: "product.backorder",
  out_of_stock: "product.out_of_stock",
};

export class Details {
  #panel;
  #description;
  /** @type {HTMLButtonElement} */
  #toggle;

  /** @param {HTMLElement} panel */
  constructor(panel) {
    this.#panel = panel;
    this.#description = find(".product-description", panel);
    this.#toggle = find(".read-more", panel);
    this.#toggle.addEventListener("click", () => this.#fold(!this.#isFolded));
    new ResizeObserver(() => this.#fold(this.#isFolded)).observe(this.#description);
  }

  get #isFolded() {
    return this.#description.classList.contains("folded");
  }

  /** @param {Product} product */
  show(product) {
    this.#$("#product-title").textContent = nameOf(product);
    showPrice(this.#$(".product-price"), product);
    const stock = STOCK[availabilityOf(product) ?? ""];
    this.#$(".product-stock").textContent = stock ? say(stock) : "";
    this.#$(".product-stock").classList.toggle("sold-out", stock === STOCK.out_of_stock);
    const path = (product.category_label ?? product.category ?? "").split(">").map((part) => part.trim()).join(" › ");
    this.#$(".product-facts").textContent = [product.brand, path, colourName(product.color_label ?? product.color ?? "")].filter(Boolean).join(" · ");
    const sizes = product.sizes ?? [];
    this.#$(".product-sizes").textContent = sizes.length ? say("product.sizes", { sizes: sizes.join(", ") }) : "";
    this.#link(product.link);
    this.#describe(product.description ?? "");
  }

  /** @param {string | null} link */
  #link(link) {
    /** @type {HTMLAnchorElement} */
    const visit = this.#$(".visit");
    visit.hidden = !isWeb(link);
    if (visit.hidden) visit.removeAttribute("href");
    else visit.href = link ?? "";
  }

  /** @param {string} text */
  #describe(text) {
    if (this.#description.textContent === text) return; // what is unfolded stays so when the same comes again
    this.#description.textContent = text;
    this.#fold(true);
  }

  /** Shows the first lines alone, or all; the button only where that makes a difference. @param {boolean} isFolded */
  #fold(isFolded) {
    this.#description.classList.toggle("folded", isFolded);
    this.#toggle.setAttribute("aria-expanded", String(!isFolded));
    this.#toggle.textContent = say(isFolded ? "product.read_more" : "product.read_less");
    if (isFolded) this.#toggle.hidden = this.#description.scrollHeight <= this.#description.clientHeight;
  }

  /** @template {HTMLElement} [E=HTMLElement] @param {string} selector @returns {E} */
  #$(selector) {
    return find(selector, this.#panel);
  }
}

/** That of all variants, unless those that pass the filters are out of stock. @param {Product} product */
function availabilityOf({ availability, in_stock }) {
  return in_stock === false ? "out_of_stock" : availability;
}

/** A feed's link could be javascript: or worse. @param {string | null} link */
function isWeb(link) {
  return /^https?:\/\//i.test(link ?? "");
}
