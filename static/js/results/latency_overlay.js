/** What `?debug` shows: how long it took from lifting the finger to new results on screen, and where the time went. */

import { find } from "../platform/dom.js";

/**
 * @param {import("./search_client.js").Search} search
 * @param {HTMLElement} place
 */
export function measure(search, place) {
  const readout = document.createElement("p");
  readout.className = "debug";
  place.append(readout);
  /** @type {number | null} */
  let lifted = null; // when the finger was, as long as that state has no results
  let bytes = 0;

  const paper = find("#sketch");
  paper.addEventListener("pointerdown", () => (lifted = null));
  for (const end of ["pointerup", "pointercancel"]) paper.addEventListener(end, ({ timeStamp }) => (lifted = timeStamp));
  new PerformanceObserver((list) => {
    const requests = /** @type {PerformanceResourceTiming[]} */ (list.getEntries());
    for (const { name, transferSize } of requests) if (new URL(name).pathname === "/search") bytes = transferSize;
  }).observe({ type: "resource" });

  search.addEventListener("results", ({ detail: { answer, sketch, growing } }) => {
    const since = growing ? null : lifted;
    if (!growing) lifted = null;
    // the first frame begins before the results are painted, the second after
    requestAnimationFrame(() => requestAnimationFrame((now) => {
      const seen = since === null ? "no finger lifted" : `${Math.round(now - since)} ms to results`;
      const stages = Object.entries(answer.timings_ms ?? {}).map(([name, spent]) => `${name} ${Math.round(spent)}`);
      const sent = new Blob([sketch]).size;
      readout.textContent = `${seen} · server ${stages.join(", ")} ms · ${sent} B up, ${bytes} B down`;
    }));
  });
}
