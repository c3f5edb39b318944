/** The status line, where the page says how it is going, read out politely. News are beside the pressed button, too. */

import { find, hit } from "../platform/dom.js";

const NEWS = 6000; // ms that news stay
const FOREVER = -1;

const line = find(".status");

/** @type {HTMLElement | null} */
let pressed = null; // the button that the shopper touched last, if nothing else since
for (const touch of ["pointerdown", "click", "paste", "drop"]) {
  document.addEventListener(touch, (event) => event.isTrusted && (pressed = hit(event, "button")), { capture: true });
}

let news = 0; // the timer that ends them; FOREVER while nothing but release() does

/** What it says while nothing is drawn. @type {string} */
export const WELCOME = line.textContent ?? "";

let usual = { words: WELCOME, trouble: false }; // what the line says as soon as the news are old

/** How searching goes. @param {string} words @param {boolean} trouble whether something is in the way of searching */
export function tell(words, trouble = false) {
  usual = { words, trouble };
  if (!news) show(usual);
}

/**
 * News that a search must not wipe away before they are read: a link is copied, a picture could not be read.
 * @param {string} words
 */
export function announce(words, trouble = false) {
  clearTimeout(news);
  news = setTimeout(release, NEWS);
  show({ words, trouble });
  showBubble(words);
}

/** What is being done for the shopper, until announce() or release() says that it is done. @param {string} words */
export function occupy(words) {
  clearTimeout(news);
  news = FOREVER;
  show({ words, trouble: false });
  showBubble(words);
}

/** Gives the line back to searching. */
export function release() {
  clearTimeout(news);
  news = 0;
  show(usual);
  showBubble("");
}

/** @param {string} words empty for none */
function showBubble(words) {
  const button = pressed;
  import("./bubble.js").then(
    ({ showBeside, hideBubble }) => (words && button ? showBeside(button, words) : hideBubble()),
    () => {}, // without network the status line has to do
  );
}

/** @param {{words: string, trouble: boolean}} state */
function show({ words, trouble }) {
  line.classList.toggle("trouble", trouble);
  if (line.textContent !== words) line.textContent = words; // the same words again would be read out again
}
