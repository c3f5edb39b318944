/** The choice between erasing whole strokes and rubbing out: a row over the paper, until the eraser is used. */

import { element, find as $ } from "../../platform/dom.js";
import { say } from "../../platform/i18n.js";
import { closeColours } from "../colour/colour_pen.js";
import { withoutTouched } from "./eraser.js";
import { rubOut } from "./rub_out.js";

/** @type {HTMLElement | null} */
let row = null;

/**
 * Shows the row while the eraser is taken up, and takes it away when it is put down.
 * @param {import("../paper.js").Paper} paper erases as chosen
 */
export function offerErasers(paper) {
  row ??= makeRow(paper);
  row.hidden = !paper.erasing;
  if (paper.erasing) closeColours();
}

/** @param {import("../paper.js").Paper} paper */
function makeRow(paper) {
  const made = element("div", "erasers");
  made.role = "radiogroup";
  made.ariaLabel = $("#eraser").ariaLabel;
  made.append(
    option(say("drawing.whole_strokes"), true, () => (paper.erase = withoutTouched)),
    option(say("drawing.rub_out"), false, () => (paper.erase = rubOut)),
  );
  for (const [place, event] of /** @type {const} */ ([["#sketch", "pointerdown"], ["#colour", "click"]])) {
    $(place).addEventListener(event, () => (made.hidden = true));
  }
  $(".paper").append(made);
  return made;
}

/** @param {string} name @param {boolean} isChecked @param {() => void} choose */
function option(name, isChecked, choose) {
  const label = element("label", "option");
  const button = element("input", "option-box");
  Object.assign(button, { type: "radio", name: "eraser", checked: isChecked });
  button.addEventListener("change", choose);
  label.append(button, element("span", "option-name", name));
  return label;
}
