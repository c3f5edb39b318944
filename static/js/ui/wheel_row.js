/** A row that is wider than its place: the wheel of a mouse, which turns one way only, moves it sideways. */

/** @param {HTMLElement} row scrolls sideways */
export function rollSideways(row) {
  row.addEventListener(
    "wheel",
    (event) => {
      if (event.deltaX || event.ctrlKey) return; // a touchpad moves it by itself; with Ctrl, the page is zoomed
      const before = row.scrollLeft;
      row.scrollLeft += event.deltaMode ? event.deltaY * 40 : event.deltaY; // lines, else px
      if (row.scrollLeft !== before) event.preventDefault(); // at its end, the results below scroll
    },
    { passive: false },
  );
}
