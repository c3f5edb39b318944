/**
 * A shop's colours and corners, as its page gives them. Only these three, only plain values, and only readable ones: an
 * accent without contrast is mixed with the colour of text until it has some.
 */

import { blend, contrast, hexOf } from "../platform/colour.js";

const READABLE = 4.5; // WCAG AA
const ROUND = /^(?:[1-3]?\d|40)(?:\.\d+)?px$/;
const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

/** @typedef {{accent?: unknown, onAccent?: unknown, round?: unknown}} Theme */

/** @type {Theme} */
let worn = {};

DARK.addEventListener("change", () => wear(worn)); // what is readable on light is not on dark

/** @param {Theme} theme what is missing or unusable stays ours */
export function wear(theme) {
  worn = theme;
  const accent = readable(hexOf(theme.accent));
  put("--accent", accent);
  put("--on-accent", accent && onto(accent, hexOf(theme.onAccent)));
  put("--round", typeof theme.round === "string" && ROUND.test(theme.round) ? theme.round : null);
}

/** @param {string} name @param {string | null} value */
function put(name, value) {
  if (value) root.style.setProperty(name, value);
  else root.style.removeProperty(name);
}

/** @param {string | null} colour */
function readable(colour) {
  if (!colour) return null;
  const [ground, text] = [token("--ground"), token("--text")];
  if (!ground || !text) return null; // tokens that are no opaque colour: nothing to compare with
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = blend(colour, text, share);
    if (contrast(mixed, ground) >= READABLE) return mixed;
  }
  return text;
}

/**
 * The wanted colour if it can be read on the accent, else white or black, one of which always can.
 * @param {string} accent @param {string | null} wanted
 */
function onto(accent, wanted) {
  if (wanted && contrast(wanted, accent) >= READABLE) return wanted;
  return contrast("#ffffff", accent) >= READABLE ? "#ffffff" : "#000000";
}

/** @param {string} name */
function token(name) {
  return hexOf(getComputedStyle(root).getPropertyValue(name).trim());
}
