/** "What matched": the lines of the sketch and of the photo, with those in colour where the network looked. */

import { ask, productPath } from "../platform/api_client.js";
import { find } from "../platform/dom.js";
import { drawMatched } from "./matched_lines.js";
import { say } from "../platform/i18n.js";
import { Retry } from "../ui/retry_notice.js";

/** @typedef {import("./product_card.js").Product} Product */

/**
 * @typedef {object} Side
 * @property {number[][] | null} attention rows of 0..1; null when the network does not tell
 * @property {{left: number, top: number, width: number, height: number, picture_width: number, picture_height: number}} box
 *   where the map's square lies on the picture, in the picture's unit
 * @property {number[][][]} lines in the same unit
 */

export class Matched {
  #panel;
  #photos;
  #pictures;
  #toggle;
  #words;
  #retry;
  /** @type {Product | null} until the first is offered */
  #product = null;
  #sketch = "";
  #signal = new AbortController().signal;

  /**
   * @param {HTMLElement} panel
   * @param {import("./product_photos.js").Photos} photos of the product, in the panel
   */
  constructor(panel, photos) {
    this.#panel = panel;
    this.#photos = photos;
    this.#pictures = find(".pictures", panel);
    this.#toggle = find(".what-matched", panel);
    this.#words = find(".matched-words", panel);
    this.#retry = new Retry(find(".matched .retry", panel));
    this.#toggle.addEventListener("click", () => {
      if (this.#toggle.getAttribute("aria-pressed") === "true") this.#hide();
      else this.#ask();
    });
  }

  /**
   * @param {Product} product
   * @param {string} sketch the JSON of the search that found it
   * @param {AbortSignal} signal aborted when the panel shows something else
   */
  offer(product, sketch, signal) {
    [this.#product, this.#sketch, this.#signal] = [product, sketch, signal];
    this.#toggle.hidden = !sketch;
    this.#hide();
  }

  #hide() {
    this.#toggle.setAttribute("aria-pressed", "false");
    this.#toggle.removeAttribute("aria-busy");
    this.#pictures.classList.remove("matching");
    this.#words.textContent = "";
    this.#retry.hide();
  }

  async #ask() {
    const [product, signal] = [this.#product, this.#signal];
    if (!product) return;
    this.#hide();
    this.#toggle.setAttribute("aria-pressed", "true");
    this.#toggle.setAttribute("aria-busy", "true");
    const { status, body } = await ask(productPath(product.product_id, "/match"), { json: this.#sketch, signal });
    if (signal.aborted) return;
    this.#toggle.removeAttribute("aria-busy");
    if (this.#toggle.getAttribute("aria-pressed") !== "true") return; // switched off meanwhile
    if (status === 200 && body) return this.#show(product, body);
    this.#toggle.setAttribute("aria-pressed", "false");
    this.#retry.offer(status, () => this.#ask());
  }

  /** @param {Product} product @param {{mirrored: boolean, sketch: Side, photo: Side, photo_url: string}} match */
  #show(product, { mirrored, sketch, photo, photo_url }) {
    if (!sketch.attention && !photo.attention) {
      this.#hide();
      this.#panel.focus(); // the toggle, which had it, goes
      this.#toggle.hidden = true;
      this.#words.textContent = say("product.not_told");
      return;
    }
    // of several photos, another may be in view; one that came to the product since the search is not among them
    if (!this.#photos.turnTo(photo_url)) this.#photos.show({ ...product, photo_url, thumbnail_url: null, photo_urls: [] });
    drawMatched(this.#canvas(".sketch-lines"), sketch.lines, sketch.attention, sketch.box, sketch.box); // cut to the box
    drawMatched(this.#canvas(".photo-lines"), photo.lines, photo.attention, photo.box, whole(photo.box));
    this.#pictures.classList.add("matching");
    const words = [say("product.matched_words"), mirrored ? say("product.mirrored") : ""];
    this.#words.textContent = words.join(" ").trim();
  }

  /** @param {string} selector @returns {HTMLCanvasElement} */
  #canvas(selector) {
    return find(selector, this.#pictures);
  }
}

/** All of a picture. @param {Side["box"]} box */
function whole({ picture_width, picture_height }) {
  return { left: 0, top: 0, width: picture_width, height: picture_height };
}
