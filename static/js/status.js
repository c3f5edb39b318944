/** The status line: the one place where the page says how it is going, read out politely. */

const line = document.querySelector(".status");

/** What it says while nothing is drawn. @type {string} */
export const WELCOME = line.textContent;

/** @param {string} words @param {boolean} trouble whether something is in the way of searching */
export function tell(words, trouble = false) {
  line.classList.toggle("trouble", trouble);
  if (line.textContent !== words) line.textContent = words; // the same words again would be read out again
}
