/** Parts of the page that nothing needs before the first result: fetched when they are used, or when there is time. */

import { say } from "./messages.js";
import { announce } from "./status.js";

const PARTS = {
  choosing: () => import("./choosing.js"),
  link: () => import("./link.js"),
  menu: () => import("./menu.js"),
  product: () => import("./product.js"),
  saving: () => import("./saving.js"),
  sharing: () => import("./sharing.js"),
  upload: () => import("./upload.js"),
  vanished: () => import("./vanished.js"),
};

/** @param {keyof typeof PARTS} name @returns {Promise<any>} the module; null, and the status line says so, without network */
export async function part(name) {
  try {
    return await PARTS[name]();
  } catch {
    announce(say("keeping.not_loaded"), true);
    return null;
  }
}

/** Fetches all of them, so that they are there when the network is not. */
export function fetchParts() {
  for (const load of Object.values(PARTS)) load().catch(() => {}); // part() tries again, and says so
}
