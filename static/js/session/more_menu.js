/** The sheet behind the More button: recent sketches, examples, saving, and how to draw. */

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
    this.#thumbnails = dialog.querySelector(".recent-sketches");
    copyExamples(dialog.querySelector(".examples"));
    dialog.querySelector("#forget").addEventListener("click", () => this.#forget());
  }

  open() {
    this.#show();
    this.#sheet.open(this.#opener);
  }

  #forget() {
    this.#recents.forget();
    this.#show();
    this.#dialog.querySelector(".closing").focus(); // the button that had it is gone
  }

  #show() {
    const sketches = this.#recents.list();
    this.#dialog.querySelector(".recent").hidden = sketches.length === 0;
    this.#thumbnails.replaceChildren(...sketches.map((strokes, i) => this.#thumbnail(strokes, i + 1)));
  }

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

/** The examples beside the empty results, once more; what has an id is there already. */
function copyExamples(place) {
  for (const example of document.querySelectorAll(".start .example")) {
    const copy = example.cloneNode(true);
    for (const named of copy.querySelectorAll("[id]")) named.removeAttribute("id");
    copy.classList.add("closing");
    place.append(copy);
  }
}
