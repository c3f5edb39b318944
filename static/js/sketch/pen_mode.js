/** Whether fingers draw. They do until a pen is seen, since who holds one rests the hand on the paper; then as chosen. */

import { visit } from "../platform/storage.js";

const KEY = "sketchfind.fingers";

/** Fires "change" when a pen is seen for the first time, and when the choice changes. */
export class Fingers extends EventTarget {
  #choice = visit.read(KEY); // null until a pen is seen, then "on" or "off"

  /** Whether there is something to choose. */
  get penSeen() {
    return this.#choice !== null;
  }

  get draw() {
    return this.#choice !== "off";
  }

  /** A pen is on the paper, or above it. */
  seePen() {
    if (!this.penSeen) this.#choose("off");
  }

  toggle() {
    this.#choose(this.draw ? "off" : "on");
  }

  /** @param {"on" | "off"} choice */
  #choose(choice) {
    this.#choice = choice;
    visit.write(KEY, choice);
    this.dispatchEvent(new Event("change"));
  }
}
