/**
 * All photos of a product, side by side in a strip that is swiped, scrolled or stepped through, beginning with the one
 * that was found. Each is the thumbnail that is there already, until the photo has come.
 */

import { element, find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { nameOf } from "./product_card.js";

const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const SIDE = 960; // px: the longest side of a photo

export class Photos {
  #strip;
  #dots;
  /** @type {HTMLButtonElement[]} */
  #steps;
  /** @type {string[]} */
  #urls = [];
  #current = 0; // the place of the photo in view

  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.#strip = find(".photos", figure);
    this.#dots = find(".photo-dots", figure);
    this.#steps = [".previous-photo", ".next-photo"].map((selector) => find(selector, figure));
    this.#steps.forEach((button, i) => button.addEventListener("click", () => this.#step(i ? 1 : -1)));
    this.#strip.addEventListener("scroll", () => this.#follow(), { passive: true });
    this.#strip.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation(); // the panel would go to the next product
      this.#step(by);
    });
    // also when the panel opens, since nothing scrolls before
    new ResizeObserver(() => this.#turn(this.#current, "instant")).observe(this.#strip);
  }

  /** @param {import("./product_card.js").Product} product */
  show(product) {
    const { photo_url, thumbnail_url, photo_urls = [] } = product;
    const others = photo_urls.filter((url) => url !== photo_url);
    this.#urls = photo_url && !photo_urls.includes(photo_url) ? [photo_url, ...others] : photo_urls;
    const shown = this.#urls.length ? this.#urls : [""];
    const slides = shown.map((url, i) => {
      const title = nameOf(product);
      const alt = shown.length > 1 ? say("product.photo", { title, number: i + 1, count: shown.length }) : title;
      return slideOf(url, url === (photo_url ?? "") ? thumbnail_url : null, alt);
    });
    this.#strip.replaceChildren(...slides); // new ones: an old photo must not stand beside the new name
    this.#dots.replaceChildren(...this.#urls.map(() => element("span", "photo-dot")));
    for (const part of [this.#dots, ...this.#steps]) part.hidden = this.#urls.length < 2;
    this.#strip.tabIndex = this.#urls.length < 2 ? -1 : 0;
    this.#turn(this.#urls.indexOf(photo_url ?? ""), "instant");
  }

  /** Shows one of the photos at once. @param {string} url @returns {boolean} whether it is among them */
  turnTo(url) {
    const place = this.#urls.indexOf(url);
    if (place >= 0) this.#turn(place, "instant");
    return place >= 0;
  }

  /** Notes which photo a finger has brought into view. */
  #follow() {
    const { scrollLeft, clientWidth } = this.#strip;
    if (clientWidth) this.#mark(Math.round(scrollLeft / clientWidth));
  }

  /** @param {number} by */
  #step(by) {
    this.#turn(this.#current + by, CALM.matches ? "instant" : "smooth");
  }

  /** @param {number} place @param {ScrollBehavior} behavior */
  #turn(place, behavior) {
    const inside = Math.max(0, Math.min(this.#urls.length - 1, place));
    this.#mark(inside);
    this.#strip.scrollTo({ left: inside * this.#strip.clientWidth, behavior });
  }

  /** @param {number} place */
  #mark(place) {
    this.#current = place;
    [...this.#dots.children].forEach((dot, i) => dot.classList.toggle("current", i === place));
    const [previous, next] = this.#steps;
    previous.disabled = place <= 0;
    next.disabled = place >= this.#urls.length - 1;
  }
}

/**
 * @param {string} url empty when there is none
 * @param {string | null} thumbnail
 * @param {string} alt
 */
function slideOf(url, thumbnail, alt) {
  const image = element("img", "product-photo");
  Object.assign(image, { alt, width: SIDE, height: SIDE, draggable: false, decoding: "async" });
  image.classList.toggle("missing", !url && !thumbnail);
  if (thumbnail) {
    image.src = thumbnail;
    replaceOnceLoaded(image, url);
  } else if (url) {
    image.loading = "lazy";
    image.src = url;
  }
  const slide = element("div", "slide");
  slide.append(image);
  return slide;
}

/** @param {HTMLImageElement} image @param {string} url */
async function replaceOnceLoaded(image, url) {
  if (!url) return;
  const large = new Image();
  large.src = url;
  try {
    await large.decode(); // so that it takes the thumbnail's place without a blank in between
    image.src = url;
  } catch {
    // the thumbnail stays
  }
}
