/** Pictures of sketches, and photos of products, as strokes: read by the server, put on the paper. */

import { find, hit } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { cropOf } from "./crop/crop_box.js";
import { CropView } from "./crop/crop_view.js";
import { shrink } from "./shrink_picture.js";
import { hideBubble } from "../ui/bubble.js";
import { announce, occupy, release } from "../ui/status_line.js";

const PATIENCE = 60_000; // ms: a picture takes its time on a slow network

const surface = find(".paper");

const BLANK = "keeping.blank";

/** @type {Record<number, string>} */
const BY_STATUS = {
  401: "trouble.closed",
  403: "trouble.closed",
  404: "keeping.cannot_read", // a server without this route
  405: "keeping.cannot_read",
  413: "keeping.too_large",
  415: "keeping.no_picture",
  429: "keeping.busy",
  502: "keeping.busy",
  503: "keeping.busy",
  504: "keeping.busy",
};

/** @typedef {import("./crop/crop_box.js").Box} Box */
/** @typedef {{strokes?: number[][][], object?: (Box & {guessed: boolean}) | null, trouble?: string}} Reading */

/** Reads one picture at a time; a newer one takes the place of the one that is on its way. */
export class Upload {
  #paper;
  /** @type {AbortController | null} */
  #controller = null;
  /** @type {Promise<CropView> | null} */
  #view = null; // until there is a photo
  /** @type {Blob | null} */
  #photo = null; // while what is drawn are its edges
  #isPutting = false;

  /** @param {import("../sketch/paper.js").Paper} paper @param {import("../sketch/sketch.js").Sketch} sketch */
  constructor(paper, sketch) {
    this.#paper = paper;
    sketch.addEventListener("change", () => this.#isPutting || this.#leavePhoto());
    // these are for drawing, and the photo lies over the paper
    find(".tools").addEventListener("click", (event) => hit(event, "#colour, #eraser, #finger") && this.#leavePhoto());
  }

  /** @param {Blob} file */
  async read(file) {
    this.#leavePhoto();
    const shrunk = shrink(file).catch(() => null);
    const reading = await this.#follow((signal) => strokesIn(shrunk, signal));
    if (!reading) return;
    if (reading.trouble) return announce(say(reading.trouble), true);
    const { strokes = [], object } = reading;
    if (object) announce(say("keeping.by_photo"));
    else release();
    surface.toggleAttribute("data-photo", Boolean(object)); // photos need no advice on drawing
    this.#put(strokes, false);
    const photo = await shrunk;
    if (photo && object) this.#offerCrop(photo, object);
  }

  /** Shows the photo with a box around its object. @param {Blob} photo @param {Box & {guessed: boolean}} object */
  async #offerCrop(photo, { guessed, ...box }) {
    this.#photo = photo;
    this.#view ??= this.#makeView();
    try {
      const [view, image] = await Promise.all([this.#view, createImageBitmap(photo)]);
      if (this.#photo !== photo) return;
      view.open(image, box, guessed);
      hideBubble(); // it would lie over the buttons of the box
    } catch {
      this.#view = null; // the object was searched all the same
    }
  }

  async #makeView() {
    const view = await CropView.load(surface);
    view.addEventListener("crop", ({ detail }) => this.#crop(detail, view.blank));
    view.addEventListener("done", () => find("#upload").focus());
    return view;
  }

  /** Searches what is in another box of the photo. @param {Box} box @param {string} blank what to say if there is nothing */
  async #crop(box, blank) {
    const photo = this.#photo;
    const reading = await this.#follow((signal) => strokesIn(photo, signal, `?crop=${cropOf(box)}`));
    if (!reading) return;
    const { strokes = [], trouble } = reading;
    if (trouble) return announce(trouble === BLANK ? blank : say(trouble), true);
    release();
    this.#put(strokes, true);
  }

  /** @param {(signal: AbortSignal) => Promise<Reading>} read @returns {Promise<Reading | null>} null: a newer picture has taken over */
  async #follow(read) {
    this.#controller?.abort();
    const controller = (this.#controller = new AbortController());
    const timer = setTimeout(() => controller.abort(), PATIENCE);
    occupy(say("keeping.reading"));
    const reading = await read(controller.signal);
    clearTimeout(timer);
    if (this.#controller !== controller) return null;
    this.#controller = null;
    return reading;
  }

  /** @param {number[][][]} strokes @param {boolean} amends */
  #put(strokes, amends) {
    this.#isPutting = true;
    this.#paper.put(strokes, amends);
    this.#isPutting = false;
  }

  /** Somebody goes on with something else than the photo. */
  #leavePhoto() {
    if (!this.#photo) return;
    this.#photo = null;
    surface.removeAttribute("data-photo");
    if (this.#controller) release();
    this.#controller?.abort();
    this.#controller = null;
    this.#view?.then((view) => view.close());
  }
}

/**
 * @param {Blob | null | Promise<Blob | null>} photo null: it cannot be read
 * @param {AbortSignal} signal @param {string} query
 * @returns {Promise<Reading>} strokes, or the key of what to say
 */
async function strokesIn(photo, signal, query = "") {
  const picture = await photo;
  if (!picture) return { trouble: "keeping.no_picture" };
  try {
    const response = await fetch(`/strokes${query}`, { method: "POST", body: picture, signal }); // it knows its own type
    const body = await response.json().catch(() => null);
    if (body?.strokes?.length) return { strokes: body.strokes, object: body.object };
    if (body?.strokes || body?.error?.code === "blank_sketch") return { trouble: BLANK };
    return { trouble: BY_STATUS[response.status] ?? "keeping.not_read" };
  } catch {
    return { trouble: navigator.onLine ? "keeping.no_answer" : "keeping.offline" };
  }
}
