/** Keeps the parts of a page that are in progress up to date: those with data-live="on", until the server says "off". */

const PAUSE = 2000; // ms between two looks
const LIVE = '[data-live="on"]';

/** Asks for the page again, and puts its new parts in place of the old ones. */
async function refresh() {
  const response = await fetch(location.href).catch(() => null); // without a network: the next look may succeed
  if (!response?.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(LIVE))) {
    const next = fresh.getElementById(part.id);
    if (!next || part.contains(document.activeElement)) continue; // the focus would be lost
    if (part.innerHTML !== next.innerHTML) part.replaceChildren(...next.childNodes); // else readers would hear it again
    part.dataset.live = next.dataset.live ?? "off";
  }
}

while (document.querySelector(LIVE)) {
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
  await refresh();
}
