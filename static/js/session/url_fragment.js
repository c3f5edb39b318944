/** What the page's address holds behind the #: a sketch that somebody shared, as parameter `s`, and what goes with it. */

/** What goes with the strokes. Whoever has something to add sets both. */
export const extras = {
  /** @type {() => Iterable<[string, string]>} parameters for a link that is being made */
  collect: () => [],
  /** @type {(parameters: URLSearchParams) => void} the parameters of a link that is being opened */
  apply: () => {},
};

/** @returns {URLSearchParams} the parameters of the page's address */
export function parameters() {
  return new URLSearchParams(window.location.hash.slice(1));
}

/** Whether the page's address holds a sketch. */
export function isLink() {
  return parameters().has("s");
}

/** Takes the sketch out of the address, where it would come back with the next reload. */
export function closeLink() {
  if (isLink()) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
}
