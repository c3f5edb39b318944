/**
 * A dialog over the page: closed by its Close button, by Escape, by a tap beside it and by the browser's Back, which is
 * what people press on a phone. The address stays as it is, with what its fragment holds.
 */

/** Fires "close". */
export class Sheet extends EventTarget {
  #dialog;
  #entry = ""; // which entry of the history is ours
  #left = Promise.resolve(); // settles once the browser has gone back from the entry of the last time

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    super();
    this.#dialog = dialog;
    dialog.addEventListener("click", ({ target }) => {
      // the dialog itself is hit beside its content only: on the backdrop
      if (target === dialog || target.closest(".panel-close")) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the paper's shortcuts are off meanwhile
    dialog.addEventListener("close", () => this.#closed());
    window.addEventListener("popstate", () => {
      if (dialog.open && !this.#isHere()) dialog.close();
    });
  }

  async open() {
    await this.#left;
    if (this.#dialog.open) return;
    this.#entry = String(performance.timeOrigin + performance.now()); // not one from before a reload
    window.history.pushState({ ...window.history.state, sheet: this.#entry }, "");
    const opener = document.activeElement;
    this.#dialog.showModal();
    this.#dialog.addEventListener("close", () => opener?.focus({ preventScroll: true }), { once: true });
  }

  close() {
    this.#dialog.close();
  }

  #isHere() {
    return window.history.state?.sheet === this.#entry;
  }

  #closed() {
    if (this.#isHere()) {
      this.#left = new Promise((resolve) => window.addEventListener("popstate", resolve, { once: true }));
      window.history.back();
    }
    this.dispatchEvent(new Event("close"));
  }
}
