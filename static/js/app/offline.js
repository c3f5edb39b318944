/** Without a network: the page still opens, and says why it finds nothing. */

import { say } from "../platform/i18n.js";
import { WELCOME, tell } from "../ui/status_line.js";

/** Lets the service worker keep the page, once it has loaded and nothing is in a hurry any more. */
export function keepForOffline() {
  window.addEventListener("load", () => {
    // a browser may offer it and still refuse, in private windows for one: then the page needs a network, as before
    navigator.serviceWorker?.register("/sw.js").catch(() => {});
  });
}

/**
 * Says on the status line when there is no network while the paper is empty; with a sketch on it, searching says so.
 * @param {import("../sketch/sketch.js").Sketch} sketch
 */
export function sayWhenOffline(sketch) {
  function update() {
    if (!sketch.isEmpty) return;
    if (navigator.onLine) tell(WELCOME);
    else tell(say("app.offline"), true);
  }
  window.addEventListener("online", update);
  window.addEventListener("offline", update);
  sketch.addEventListener("change", update);
  update();
}
