/** The colour pen: a button that shows what it draws in, and a row of colours over the paper. */

import { find as $ } from "../../platform/dom.js";

/**
 * @param {import("../paper.js").Paper} paper draws in the chosen colour
 * @param {() => void} choose called when a colour is chosen
 */
export function offerColours(paper, choose) {
  const [button, row, canvas] = [$("#colour"), $("#colours"), $("#sketch")];

  /** @param {boolean} open */
  function show(open) {
    row.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) $("input:checked", row).focus({ preventScroll: true });
  }

  button.addEventListener("click", () => show(row.hidden));
  row.addEventListener("change", ({ target }) => {
    paper.colour = /** @type {HTMLInputElement} */ (target).value || null;
    button.style.setProperty("--pen", paper.colour ?? "");
    choose();
  });
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    show(false);
    button.focus({ preventScroll: true });
    event.stopPropagation();
  });
  canvas.addEventListener("pointerdown", () => show(false));
}
