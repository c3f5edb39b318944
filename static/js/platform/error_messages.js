/** What the page says about a search that failed, in its own words: the server's are for developers, and English. */

import { say } from "./i18n.js";

const PASSING = new Set([0, 408, 429, 502, 503, 504]);

/** @type {Record<number, string>} */
const BY_STATUS = {
  401: "trouble.closed",
  403: "trouble.closed",
  408: "trouble.slow",
  413: "trouble.too_large",
  429: "trouble.busy",
  500: "trouble.internal",
};

/** Whether a failure passes by itself, so that sending the same again makes sense. @param {number} status */
export function isPassing(status) {
  return PASSING.has(status);
}

/**
 * @param {number} status HTTP status; 0 when no answer came
 * @param {{error?: {code?: string}} | null} body
 * @returns {string}
 */
export function explain(status, body) {
  if (status === 0) return say(navigator.onLine ? "trouble.no_connection" : "trouble.offline");
  if (body?.error?.code === "bad_strokes") return say("trouble.unreadable");
  return say(BY_STATUS[status] ?? (isPassing(status) ? "trouble.silent" : "trouble.status"), { status });
}
