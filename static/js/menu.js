/** The sheet behind the More button: recent sketches, examples, saving, and how to draw. */

import { say } from "./messages.js";
import { thumbnail } from "./thumbnail.js";

export class Menu {
  #dialog;
  #sketch;
  #recents;
  #thumbnails;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {HTMLButtonElement} opener
   * @param {import("./strokes.js").Sketch} sketch
   * @param {import("./recents.js").Recents} recents
   */
  constructor(dialog, opener, sketch, recents) {
    this.#dialog = dialog;
    this.#sketch = sketch;
    this.#recents = recents;
    this.#thumbnails = dialog.querySelector(".recent-sketches");
    copyExamples(dialog.querySelector(".examples"));
    dialog.addEventListener("click", ({ target }) => {
      // the dialog itself is hit beside its content only: on the backdrop
      if (target === dialog || target.closest(".closing, .example")) dialog.close();
    });
    dialog.addEventListener("close", () => opener.focus()); // Safari would not: it does not focus what is tapped
    dialog.querySelector("#forget").addEventListener("click", () => this.#forget());
  }

  open() {
    if (this.#dialog.open) return; // tapped twice while this module was on its way
    this.#show();
    this.#dialog.showModal();
  }

  #forget() {
    this.#recents.forget();
    this.#show();
    this.#dialog.querySelector(".close").focus(); // the button that had it is gone
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
    place.append(copy);
  }
}
