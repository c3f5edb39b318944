/**
 * What a shopper chooses once for every visit: language and theme. They are cookies, since the server makes the page by
 * them: it comes right at once, without a flash of another colour or language.
 */

import { find, hit } from "../platform/dom.js";
import { extras } from "./url_fragment.js";

const YEAR = 365 * 24 * 3600; // s
const root = document.documentElement;

/**
 * @param {HTMLElement} place holds the buttons
 * @param {() => Promise<void>} leave closes what they are in
 */
export function offerPreferences(place, leave) {
  place.addEventListener("click", (event) => {
    const button = hit(event, "[data-language], [data-theme-choice]");
    if (button?.dataset.themeChoice) wearTheme(place, button.dataset.themeChoice);
    else if (button?.dataset.language) speak(button.dataset.language, leave);
  });
}

/**
 * Opens the page in another language, with the filters that are chosen; the sketch comes back by itself.
 * @param {string} language @param {() => Promise<void>} leave
 */
async function speak(language, leave) {
  remember("language", language);
  await leave(); // first: the history should not lead back to a page in another language
  const filters = String(new URLSearchParams([...extras.collect()]));
  window.location.replace(filters ? `/?${filters}` : "/");
}

/** @param {HTMLElement} place @param {string} theme system, light or dark */
function wearTheme(place, theme) {
  remember("theme", theme);
  navigator.serviceWorker?.controller?.postMessage("theme");
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const button of place.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-theme-choice") === theme));
  }
  for (const scheme of ["light", "dark"]) {
    const chosen = theme === scheme ? "all" : "not all";
    const media = theme === "system" ? `(prefers-color-scheme: ${scheme})` : chosen;
    find(`meta[data-scheme=${scheme}]`).setAttribute("media", media); // the colour of the browser's own bars
  }
}

/** @param {string} name @param {string} value */
function remember(name, value) {
  document.cookie = `sketchfind_${name}=${value}; Path=/; Max-Age=${YEAR}; SameSite=Lax`;
}
