/** The colour pen: a button that shows what it draws in, and a row of colours over the paper. */

import { find as $ } from "../../platform/dom.js";
import { COLOURS } from "../sketch.js";

let isWired = false;

/**
 * Opens or closes the row of colours.
 * @param {import("../paper.js").Paper} paper draws in the chosen colour
 * @param {() => void} choose called when a colour is chosen
 */
export function toggleColours(paper, choose) {
  if (!isWired) wire(paper, choose);
  isWired = true;
  show($("#colours").hidden);
}

export function closeColours() {
  show(false);
}

/** @param {boolean} open */
function show(open) {
  const row = $("#colours");
  row.hidden = !open;
  $("#colour").setAttribute("aria-expanded", String(open));
  if (open) $("input:checked", row).focus({ preventScroll: true });
}

/** @param {import("../paper.js").Paper} paper @param {() => void} choose */
function wire(paper, choose) {
  const [button, row] = [$("#colour"), $("#colours")];
  row.role = "radiogroup";
  row.ariaLabel = button.ariaLabel;
  for (const [place, input] of row.querySelectorAll("input").entries()) {
    input.type = "radio";
    input.name = "colour";
    input.value = ["", ...COLOURS][place]; // the template has them in the same order
    input.title = input.ariaLabel ?? "";
    input.checked = !place;
    input.style.setProperty("--swatch", input.value);
  }
  row.addEventListener("change", ({ target }) => {
    paper.colour = /** @type {HTMLInputElement} */ (target).value || null;
    $("circle", button).style.fill = paper.colour ?? "";
    choose();
  });
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    show(false);
    button.focus({ preventScroll: true });
    event.stopPropagation();
  });
  $("#sketch").addEventListener("pointerdown", () => show(false));
}
