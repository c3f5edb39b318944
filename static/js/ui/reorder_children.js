/**
 * Makes some elements the children of a list, in this order, and moves as few as it can: what is taken out and put back
 * loses its focus, its touches and its scroll position.
 * @param {HTMLElement} list
 * @param {Element[]} wanted
 * @param {Element | null} fixed one of them that is not to be moved: the others move around it
 */
export function arrange(list, wanted, fixed = null) {
  const staying = new Set(wanted);
  for (const child of [...list.children]) if (!staying.has(child)) child.remove();
  let cursor = list.firstElementChild;
  for (const element of wanted) {
    while (element === fixed && cursor && cursor !== fixed && fixed.parentElement === list) {
      const next = cursor.nextElementSibling;
      list.append(cursor); // its turn comes later
      cursor = next;
    }
    if (element === cursor) cursor = element.nextElementSibling;
    else list.insertBefore(element, cursor);
  }
}
