/** Parts of the page that nothing needs before the first result: fetched when they are used, or when there is time. */

import { find } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { announce } from "../ui/status_line.js";

const PARTS = {
  colours: () => import("../sketch/colour/colour_pen.js"),
  choosing: () => import("../filters/filter_sheet.js"),
  erasers: () => import("../sketch/eraser/eraser_choice.js"),
  link: () => import("../session/share_link.js"),
  menu: () => import("../session/more_menu.js"),
  more: () => import("../results/more_results.js"),
  product: () => import("../products/product_panel.js"),
  saving: () => import("../session/export.js"),
  sharing: () => import("../session/share.js"),
  upload: () => import("../session/picture_upload.js"),
  vanished: () => import("../filters/unavailable_filters.js"),
  words: () => import("../filters/word_field.js"),
};

/** @type {Promise<unknown> | null} */
let styles = null; // of all parts, before those of the page, which may overrule them

function fetchStyles() {
  return (styles ??= new Promise((resolve, reject) => {
    /** @type {HTMLLinkElement} */
    const page = find("link[rel=stylesheet]");
    const late = document.createElement("link");
    late.rel = "stylesheet";
    late.href = page.href.replace(/page.css$/, "late.css");
    late.onload = resolve;
    late.onerror = () => {
      late.remove();
      styles = null;
      reject();
    };
    page.before(late);
  }));
}

/**
 * @template {keyof typeof PARTS} Name
 * @param {Name} name
 * @returns {Promise<Awaited<ReturnType<(typeof PARTS)[Name]>> | null>} null, and a status line, without network
 */
export async function part(name) {
  try {
    const [module] = await Promise.all([PARTS[name](), fetchStyles()]);
    return /** @type {Awaited<ReturnType<(typeof PARTS)[Name]>>} */ (module);
  } catch {
    announce(say("keeping.not_loaded"), true);
    return null;
  }
}

/** Fetches all of them, so that they are there when the network is not. */
export function fetchParts() {
  for (const load of [fetchStyles, ...Object.values(PARTS)]) load().catch(() => {}); // part() tries again, and says so
}
