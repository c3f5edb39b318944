/** Arrow keys in a grid of items that each hold one button. */

/** @type {Record<string, (columns: number) => number>} */
const STEPS = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (columns) => -columns,
  ArrowDown: (columns) => columns,
  Home: () => -Infinity,
  End: () => Infinity,
};

/** How many items stand in a row. @param {HTMLElement} list laid out by CSS grid */
export function columnsOf(list) {
  return window.getComputedStyle(list).gridTemplateColumns.split(" ").length;
}

/** Lets the arrow keys move the focus from item to item. @param {HTMLElement} list */
export function walk(list) {
  list.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = [...list.querySelectorAll("button")];
    const here = buttons.findIndex((button) => button === document.activeElement);
    const there = here + step(columnsOf(list));
    const isEdge = Math.abs(there) === Infinity;
    const target = buttons[isEdge ? Math.max(0, Math.min(buttons.length - 1, there)) : there];
    event.preventDefault(); // at the edges too: a page that scrolls there only sometimes would surprise
    target?.focus();
  });
}
