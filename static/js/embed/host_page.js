/**
 * The shop's page around this one, when its widget shows this page in a panel. The server's policy decides whose pages
 * may do that at all; here, messages go to and are taken from the one window and origin that the widget named.
 *
 * To the shop: "sketchfind:ready" (closes: whether this page has a Close button), "sketchfind:choose" (product) and "sketchfind:close". From it: "sketchfind:theme"
 * (theme), which also says that somebody listens.
 */

import { find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";

/** @typedef {import("../products/product_card.js").Product} Product */

const SHOWN = /** @type {const} */ (["product_id", "title", "category", "price", "currency", "link"]);
const PICTURES = /** @type {const} */ (["photo_url", "thumbnail_url"]);

/** Origin of the page around, as its widget says; a wrong one is nobody's that would answer. */
const SHOP = window.parent === window ? null : new URLSearchParams(location.search).get("host");

let listens = false;

/**
 * Tells the shop's page that somebody chose a product. Without a shop's page that listens it does nothing.
 * @param {Product} product
 * @param {() => Promise<void>} leave what has to be over before the shop hears of it, if there is one
 * @returns {boolean} whether the shop's page takes over: it opens the link itself, so nothing more may be done here
 */
export function announceChoice(product, leave = async () => {}) {
  if (!listens) return false;
  /** @type {Record<string, string | number | null>} */
  const told = Object.fromEntries(SHOWN.map((name) => [name, product[name] ?? null]));
  for (const name of PICTURES) {
    const path = product[name];
    told[name] = path ? new URL(path, location.href).href : null;
  }
  leave().then(() => send({ type: "sketchfind:choose", product: told }));
  return true;
}

/** Joins the shop's page: takes its colours, and leaves the panel by a button and Escape. Without one it does nothing. */
export function joinShop() {
  if (!SHOP) return;
  document.documentElement.classList.add("embedded");
  offerClosing();
  window.addEventListener("message", ({ origin, source, data }) => {
    if (source !== window.parent || origin !== SHOP || data?.type !== "sketchfind:theme") return;
    listens = true;
    // our own colours will do where the network does not bring it
    import("./host_theme.js").then(({ wear }) => wear(data.theme ?? {})).catch(() => {});
  });
  window.addEventListener("keydown", (event) => {
    // a dialog of this page closes first
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    send({ type: "sketchfind:close" });
  });
  send({ type: "sketchfind:ready", closes: true });
}

/** A button where the widget has its own until this page has come: so there is one Close, also over a dialog. */
function offerClosing() {
  const name = say("keeping.close");
  const more = find("#more");
  const button = /** @type {HTMLButtonElement} */ (more.cloneNode(true));
  button.id = "leave";
  button.ariaLabel = button.title = name;
  button.ariaHasPopup = null;
  find("path", button).setAttribute("d", "m7 7 10 10M17 7 7 17");
  button.addEventListener("click", () => send({ type: "sketchfind:close" }));
  more.after(button);
}

/** @param {object} message */
function send(message) {
  if (!SHOP) return;
  try {
    window.parent.postMessage(message, SHOP);
  } catch {
    // `host` is no origin: then no widget has put it there
  }
}
