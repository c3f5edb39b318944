/** The photo over the paper, with the box around what is searched in it: moved by pointer and by keys. */

import { contextOf, find } from "../../platform/dom.js";
import { LANGUAGE } from "../../platform/i18n.js";
import { WHOLE, moveEdges, placeOf } from "./crop_box.js";

const LEAST = 44; // px of a box on the screen: what a finger can still move
const SMALL = 96; // px: in a narrower box the targets of two corners leave too little between them
const STEP = 0.01; // of the photo, that an arrow key moves
const LARGE_STEP = 0.1; // with Shift
const CALM = 500; // ms after the last key until the box is searched

/** @type {Record<string, import("./crop_box.js").Pair>} */
const ARROWS = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 } };

/** @typedef {import("./crop_box.js").Box} Box */
/** @typedef {import("./crop_box.js").Edge} Edge */

/**
 * @typedef {object} Events
 * @property {CustomEvent<Box>} crop the box was let go at another place
 * @property {Event} done somebody has closed it
 */

/** Fires "crop" and "done". */
export class CropView extends /** @type {import("../../types.js").FiringClass<Events>} */ (EventTarget) {
  #section;
  /** @type {HTMLCanvasElement} */
  #photo;
  #frame;
  /** @type {HTMLElement[]} */
  #handles;
  /** @type {Box} */
  #box = WHOLE;
  /** @type {Box} */
  #searched = WHOLE;
  #timer = 0;

  /** @param {HTMLElement} section */
  constructor(section) {
    super();
    this.#section = section;
    this.#photo = find("canvas", section);
    this.#frame = find(".crop-box", section);
    this.#handles = [...section.querySelectorAll(/** @type {"div"} */ ("[data-edges]"))];
    for (const handle of this.#handles) {
      handle.addEventListener("pointerdown", (event) => this.#drag(handle, event));
      handle.addEventListener("keydown", (event) => this.#step(handle, event));
    }
    find(".crop-whole", section).addEventListener("click", () => this.#take(WHOLE));
    find(".crop-done", section).addEventListener("click", () => this.#leave());
    section.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // in a shop's page, its panel would close
      this.#leave();
    });
  }

  /**
   * Makes it, over the paper, with its words from the server.
   * @param {HTMLElement} paper
   * @throws without network
   */
  static async load(paper) {
    const response = await fetch(`/crop?lang=${LANGUAGE}`);
    if (!response.ok) throw new Error(`no crop box: status ${response.status}`);
    const made = document.createRange().createContextualFragment(await response.text());
    const view = new CropView(find(".crop", made));
    paper.append(made);
    return view;
  }

  /** What to say when nothing is in the box. */
  get blank() {
    return this.#section.dataset.blank ?? "";
  }

  /** @param {ImageBitmap} photo @param {Box} box @param {boolean} isGuess whether the server guessed the box */
  open(photo, box, isGuess) {
    const { width, height } = photo;
    Object.assign(this.#photo, { width, height });
    contextOf(this.#photo).drawImage(photo, 0, 0);
    photo.close();
    find(".crop-picture", this.#section).style.setProperty("--ratio", String(width / height));
    find(".crop-guess", this.#section).hidden = !isGuess;
    this.#section.hidden = false;
    this.#searched = box;
    this.#show(box);
  }

  close() {
    clearTimeout(this.#timer);
    this.#section.hidden = true;
  }

  #leave() {
    this.#search();
    this.close();
    this.dispatchEvent(new Event("done"));
  }

  /** @param {HTMLElement} handle @param {PointerEvent} start */
  #drag(handle, start) {
    if (start.button > 0 || !start.isPrimary) return;
    start.preventDefault(); // no selection, and no scrolling
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(start.pointerId);
    const [from, end] = [this.#box, new AbortController()];
    /** @param {PointerEvent} event */
    const move = ({ clientX, clientY }) => {
      const { width, height } = this.#photo.getBoundingClientRect();
      this.#move(from, handle, { x: (clientX - start.clientX) / width, y: (clientY - start.clientY) / height });
    };
    handle.addEventListener("pointermove", move, { signal: end.signal });
    const letGo = () => {
      end.abort();
      this.#search();
    };
    handle.addEventListener("lostpointercapture", letGo, { signal: end.signal });
  }

  /** @param {HTMLElement} handle @param {KeyboardEvent} event */
  #step(handle, event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    this.#move(this.#box, handle, { x: arrow.x * step, y: arrow.y * step });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), CALM);
  }

  /** @param {Box} from @param {HTMLElement} handle @param {import("./crop_box.js").Pair} by */
  #move(from, handle, by) {
    const { width, height } = this.#photo.getBoundingClientRect();
    this.#show(moveEdges(from, edgesOf(handle), by, { x: LEAST / width, y: LEAST / height }));
  }

  /** @param {Box} box */
  #take(box) {
    this.#show(box);
    this.#search();
  }

  #search() {
    clearTimeout(this.#timer);
    if (this.#box === this.#searched) return;
    this.#searched = this.#box;
    find(".crop-guess", this.#section).hidden = true;
    this.dispatchEvent(new CustomEvent("crop", { detail: this.#box }));
  }

  /** @param {Box} box */
  #show(box) {
    this.#box = box;
    for (const [edge, share] of Object.entries(box)) this.#frame.style.setProperty(`--${edge}`, String(share));
    const { width, height } = this.#photo.getBoundingClientRect();
    const shorter = Math.min((box.right - box.left) * width, (box.bottom - box.top) * height);
    this.#frame.classList.toggle("crop-small", shorter < SMALL);
    for (const handle of this.#handles) {
      const { x, y } = placeOf(box, edgesOf(handle));
      const [across, down] = [Math.round(100 * x), Math.round(100 * y)];
      handle.ariaValueNow = String(across);
      handle.ariaValueText = (this.#section.dataset.place ?? "").replace("{x}", `${across}`).replace("{y}", `${down}`);
    }
  }
}

/** @param {HTMLElement} handle @returns {Edge[]} the edges of the box that it moves; none: it moves the box */
function edgesOf({ dataset }) {
  return /** @type {Edge[]} */ (dataset.edges?.split(" ").filter(Boolean) ?? []);
}
