/** The drawing side of the page: the paper and the tools around it. */

import { Paper } from "./paper.js";
import { strokesOf } from "./examples.js";
import { Fingers } from "./pen_mode.js";
import { part } from "../app/lazy_modules.js";
import { find as $, hit } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { listen } from "../platform/shortcuts.js";
import { announce } from "../ui/status_line.js";

/**
 * Puts the sketch on the page and connects its tools.
 * @param {import("./sketch.js").Sketch} sketch
 * @returns {Paper}
 */
export function openPaper(sketch) {
  /** @type {HTMLButtonElement[]} */
  const [undo, redo, eraser, clear] = ["#undo", "#redo", "#eraser", "#clear"].map((selector) => $(selector));
  /** @type {HTMLCanvasElement} */
  const canvas = $("#sketch");
  const fingers = new Fingers();
  const paper = new Paper(canvas, sketch, fingers);

  async function toggleEraser() {
    if (sketch.isEmpty && !paper.erasing) return; // the shortcut, like the button, does nothing on empty paper
    paper.erasing = !paper.erasing;
    eraser.setAttribute("aria-pressed", String(paper.erasing));
    canvas.classList.toggle("erasing", paper.erasing);
    (await part("erasers"))?.offerErasers(paper);
  }

  /**
   * Does what a button is for that is gone or disabled afterwards: if it had the focus, the way back gets it.
   * @param {HTMLElement} button @param {() => void} act
   */
  function leaving(button, act) {
    const hadFocus = button === document.activeElement;
    act();
    if (hadFocus) undo.focus({ preventScroll: true });
  }

  sketch.addEventListener("change", () => {
    undo.disabled = !sketch.canUndo;
    redo.disabled = !sketch.canRedo;
    clear.disabled = eraser.disabled = sketch.isEmpty;
    $(".invitation").hidden = !sketch.isEmpty;
    if (sketch.isEmpty && paper.erasing) toggleEraser(); // nothing is left to erase: the next touch should draw
  });
  paper.addEventListener("progress", () => ($(".invitation").hidden = true));

  undo.addEventListener("click", () => sketch.undo());
  redo.addEventListener("click", () => sketch.redo());
  clear.addEventListener("click", () => leaving(clear, () => sketch.clear()));
  eraser.addEventListener("click", toggleEraser);
  document.addEventListener("click", (event) => {
    /** @type {HTMLButtonElement | null} */
    const example = hit(event, ".example");
    if (example) leaving(example, () => paper.put(strokesOf(example)));
  });
  listen({ undo: () => sketch.undo(), redo: () => sketch.redo(), eraser: toggleEraser, clear: () => sketch.clear() });
  $("#colour").addEventListener("click", async () => {
    (await part("colours"))?.toggleColours(paper, () => paper.erasing && toggleEraser()); // who takes one wants to draw
  });
  offerFingers($("#finger"), fingers);
  offerFolding($("#fold"), $(".paper"));
  return paper;
}

/**
 * Folds the paper to a strip, and unfolds it again, also by a touch of the strip. The layout follows aria-pressed.
 * @param {HTMLElement} button @param {HTMLElement} strip
 */
function offerFolding(button, strip) {
  /** @param {boolean} isFolded */
  const fold = (isFolded) => button.setAttribute("aria-pressed", String(isFolded));
  button.addEventListener("click", () => fold(button.getAttribute("aria-pressed") === "false"));
  strip.addEventListener("click", () => fold(false));
}

/**
 * The way back for who has put the pen away; there from the moment a pen is seen.
 * @param {HTMLElement} button @param {Fingers} fingers
 */
function offerFingers(button, fingers) {
  const show = () => {
    button.hidden = !fingers.penSeen;
    button.setAttribute("aria-pressed", String(fingers.draw));
  };
  button.addEventListener("click", () => fingers.toggle());
  fingers.addEventListener("change", () => {
    show();
    if (!fingers.draw) announce(say("drawing.pen_only"));
  });
  show();
}
