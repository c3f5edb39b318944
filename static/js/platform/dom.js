/** Elements of the page: found, or thrown for, since the templates hold them; or made. */

/**
 * @template {Element} [E=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} place
 * @returns {E} the first that matches; the caller names its kind
 */
export function find(selector, place = document) {
  const element = place.querySelector(selector);
  if (!element) throw new TypeError(`the page has no ${selector}`);
  return /** @type {E} */ (element);
}

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @returns {E | null} what an event hit, or what is around that, that matches
 */
export function hit({ target }, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} settings */
export function contextOf(canvas, settings = {}) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings)); // null for other kinds only
}

/**
 * Makes an element by hand and not from HTML, since its text may come from somebody else's feed.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {string} className @param {string} text
 */
export function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
