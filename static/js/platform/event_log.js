/**
 * Tells the server what becomes of searches, where it counts that: docs/analytics.md. An event has the id of the search,
 * and the product with its rank; all events have the random id of this tab. Nothing waits for it, and what is lost stays lost.
 */

import { SESSION } from "./api_client.js";

const GATHER = 5000; // ms that events wait for more
const MOST = 50; // events that the server takes at once

/** @type {object[]} */
const waiting = [];
/** @type {Set<string>} searches that were shown */
const shown = new Set();
let timer = 0;

document.addEventListener("visibilitychange", () => document.hidden && send());
window.addEventListener("pagehide", send);

/** Somebody looks at the results. @param {string} search its id, empty where nothing is counted */
export function noteShown(search) {
  if (shown.has(search)) return;
  shown.add(search);
  note(search, { kind: "shown" });
}

/** Somebody looks at a product. @param {string} search @param {string} product @param {number | null} rank */
export function noteOpened(search, product, rank) {
  noteShown(search);
  note(search, { kind: "opened", product_id: product, rank });
}

/** Somebody goes to the shop's page of a product. @param {string} search @param {string} product @param {number | null} rank */
export function noteVisit(search, product, rank) {
  note(search, { kind: "shop", product_id: product, rank });
  send(); // the page may be gone at once
}

/** @param {string} search @param {object} event */
function note(search, event) {
  if (!search || !SESSION) return;
  waiting.push({ ...event, search_id: search });
  if (waiting.length >= MOST) send();
  else timer ||= setTimeout(send, GATHER);
}

function send() {
  clearTimeout(timer);
  timer = 0;
  const events = waiting.splice(0, MOST);
  const body = new Blob([JSON.stringify({ session: SESSION, events })], { type: "application/json" });
  if (events.length) navigator.sendBeacon("/events", body); // it arrives even if the page is left
}
