/** Wires the page together: sketch -> search -> results. */

import { Paper } from "./canvas.js";
import { Categories } from "./categories.js";
import { strokesOf } from "./examples.js";
import { Results } from "./results.js";
import { Search } from "./search.js";
import { listen } from "./shortcuts.js";
import { Sketch } from "./strokes.js";
import { count } from "./words.js";

const $ = (selector) => document.querySelector(selector);
const [undo, redo, eraser, clear] = ["#undo", "#redo", "#eraser", "#clear"].map($);
const [status, found, scroll, invitation] = [".status", ".found", ".scroll", ".invitation"].map($);
const welcome = status.textContent;

const sketch = new Sketch();
const paper = new Paper($("#sketch"), sketch);
const search = new Search();
const results = new Results($("#results"));
const categories = new Categories($(".chips"));

const query = () => ({ ...paper.snapshot(), category: categories.chosen });

function searchNow() {
  if (!sketch.isEmpty) return search.now(query());
  search.cancel();
  results.clear();
  show("empty", welcome);
}

/** @param {"empty" | "results" | "nothing"} state of the results' side @param {string} words for the status line */
function show(state, words) {
  found.dataset.state = state;
  say(words);
}

function say(words, trouble = false) {
  found.classList.remove("searching");
  status.classList.toggle("trouble", trouble);
  if (status.textContent !== words) status.textContent = words; // the same words again would be read out again
}

function toggleEraser() {
  if (sketch.isEmpty && !paper.erasing) return; // the shortcut, like the button, does nothing on empty paper
  paper.erasing = !paper.erasing;
  eraser.setAttribute("aria-pressed", String(paper.erasing));
  $("#sketch").classList.toggle("erasing", paper.erasing);
}

sketch.addEventListener("change", () => {
  undo.disabled = !sketch.canUndo;
  redo.disabled = !sketch.canRedo;
  clear.disabled = eraser.disabled = sketch.isEmpty;
  invitation.hidden = !sketch.isEmpty;
  if (sketch.isEmpty && paper.erasing) toggleEraser(); // nothing is left to erase: the next touch should draw
  searchNow();
});
paper.addEventListener("progress", () => {
  invitation.hidden = true;
  search.soon(query);
});
categories.addEventListener("change", () => {
  scroll.scrollTop = 0;
  searchNow();
});

search.addEventListener("searching", () => found.classList.add("searching"));
search.addEventListener("results", ({ detail }) => {
  results.show(detail.results);
  $("#everything").hidden = categories.chosen === null;
  show(detail.results.length ? "results" : "nothing", count(detail.results.length, detail.gallery.size));
});
search.addEventListener("unclear", () => say("Keep going, a little more is needed"));
search.addEventListener("lost", ({ detail }) => say(detail.message, true));
search.addEventListener("failed", ({ detail }) => {
  say(detail.message, true);
  if (detail.code === "unknown_category") categories.choose(null);
});

undo.addEventListener("click", () => sketch.undo());
redo.addEventListener("click", () => sketch.redo());
clear.addEventListener("click", () => sketch.clear());
eraser.addEventListener("click", toggleEraser);
$("#everything").addEventListener("click", () => categories.choose(null));
for (const example of document.querySelectorAll(".example")) {
  example.addEventListener("click", () => paper.put(strokesOf(example, paper.size)));
}
listen({ undo: () => sketch.undo(), redo: () => sketch.redo(), eraser: toggleEraser });
categories.load();
