/** The sheet behind the More button: recent sketches, examples, saving, language and theme, and how to draw. */

import { find } from "../platform/dom.js";
import { offerPreferences } from "./preferences.js";
import { say } from "../platform/i18n.js";
import { Sheet } from "../ui/dialog_sheet.js";
import { thumbnail } from "../sketch/sketch_svg.js";

export class Menu {
  #dialog;
  #sheet;
  #opener;
  #sketch;
  #recents;
  #thumbnails;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {HTMLButtonElement} opener
   * @param {import("../sketch/sketch.js").Sketch} sketch
   * @param {import("./recent_sketches.js").Recents} recents
   */
  constructor(dialog, opener, sketch, recents) {
    this.#dialog = dialog;
    this.#sheet = new Sheet(dialog);
    this.#opener = opener;
    this.#sketch = sketch;
    this.#recents = recents;
    this.#thumbnails = find(".recent-sketches", dialog);
    copyExamples(dialog);
    offerPreferences(dialog, () => this.#sheet.close());
    find("#forget", dialog).addEventListener("click", () => this.#forget());
  }

  open() {
    this.#show();
    this.#sheet.open(this.#opener);
  }

  #forget() {
    this.#recents.forget();
    this.#show();
    find(".closing", this.#dialog).focus(); // the button that had it is gone
  }

  #show() {
    const sketches = this.#recents.list();
    find(".recent", this.#dialog).hidden = sketches.length === 0;
    this.#thumbnails.replaceChildren(...sketches.map((strokes, i) => this.#thumbnail(strokes, i + 1)));
  }

  /** @param {import("../sketch/sketch.js").Stroke[]} strokes @param {number} number */
  #thumbnail(strokes, number) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "thumb closing";
    button.setAttribute("aria-label", say("keeping.recent_sketch", { number }));
    button.append(thumbnail(strokes));
    button.addEventListener("click", () => this.#sketch.replace(strokes));
    return button;
  }
}

/** The examples beside the empty results, once more; what has an id is there already. @param {HTMLElement} dialog */
function copyExamples(dialog) {
  const place = dialog.querySelector(".examples"); // not there if the shop has none
  for (const example of document.querySelectorAll(".start .example")) {
    const copy = /** @type {Element} */ (example.cloneNode(true));
    for (const named of copy.querySelectorAll("[id]")) named.removeAttribute("id");
    copy.classList.add("closing");
    place?.append(copy);
  }
}
