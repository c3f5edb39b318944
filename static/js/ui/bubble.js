/** News beside the button that was pressed, where the shopper looks; the status line reads them out. */

import { element } from "../platform/dom.js";

const GAP = 8; // px around the bubble

/** @type {HTMLElement | null} */
let bubble = null;

/** @param {HTMLElement} button @param {string} words */
export function showBeside(button, words) {
  hideBubble();
  const { left, right, top, bottom } = button.getBoundingClientRect();
  if (left === right) return; // it is gone
  bubble = element("p", "note shown", words);
  bubble.ariaHidden = "true";
  bubble.style.position = "fixed";
  document.body.append(bubble);
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const [room, margin] = [document.documentElement.clientWidth, width / 2 + GAP];
  const above = top - height - GAP;
  bubble.style.left = `${Math.max(margin, Math.min(room - margin, (left + right) / 2))}px`; // that is its middle
  bubble.style.bottom = "auto";
  bubble.style.top = `${above > GAP ? above : bottom + GAP}px`;
  document.addEventListener("pointerdown", hideBubble, { capture: true, once: true }); // it has been seen
}

export function hideBubble() {
  bubble?.remove();
  bubble = null;
}
