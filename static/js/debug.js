/** What `?debug` shows: how long it took from lifting the finger to new results on screen, and where the time went. */

/**
 * @param {import("./search.js").Search} search
 * @param {HTMLElement} place
 */
export function measure(search, place) {
  const readout = document.createElement("output");
  readout.className = "debug";
  place.append(readout);
  let lifted = 0;
  let isUp = false; // a stroke that grows is searched too, but nobody has lifted a finger
  let bytes = "";

  const paper = document.querySelector("#sketch");
  paper.addEventListener("pointerdown", () => (isUp = false));
  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, (event) => {
      [lifted, isUp] = [event.timeStamp, true];
    });
  }
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByType("resource")) {
      if (new URL(entry.name).pathname === "/search") bytes = `${entry.transferSize} B`;
    }
  }).observe({ type: "resource" });

  search.addEventListener("results", ({ detail: { answer, sketch } }) => {
    const since = isUp ? lifted : 0;
    isUp = false;
    // the first frame begins before the results are painted, the second after
    requestAnimationFrame(() => requestAnimationFrame((now) => {
      const seen = since ? `${Math.round(now - since)} ms to results` : "while drawing";
      const stages = Object.entries(answer.timings_ms ?? {}).map(([name, spent]) => `${name} ${Math.round(spent)}`);
      const sent = `${new Blob([sketch]).size} B`;
      readout.textContent = `${seen} · server ${stages.join(", ")} ms · ${sent} up, ${bytes} down`;
    }));
  });
}
