/** What the page says about a search that failed, in plain words. */

import { say } from "./messages.js";

const PASSING = new Set([0, 408, 429, 502, 503, 504]);

const BY_CODE = {
  body_too_large: "trouble.too_large",
  bad_strokes: "trouble.unreadable",
  internal: "trouble.internal",
  damaged_catalogue: "trouble.internal",
};

/** Whether a failure passes by itself, so that sending the same again makes sense. @param {number} status */
export function isPassing(status) {
  return PASSING.has(status);
}

/**
 * @param {number} status HTTP status; 0 when no answer came
 * @param {{error?: {code?: string, message?: string}} | null} body
 * @returns {string}
 */
export function explain(status, body) {
  if (status === 0) return say(navigator.onLine ? "trouble.no_connection" : "trouble.offline");
  if (status === 408) return say("trouble.slow");
  if (status === 429) return say("trouble.busy");
  if (isPassing(status)) return say("trouble.silent");
  const { code, message } = body?.error ?? {};
  if (code in BY_CODE) return say(BY_CODE[code]);
  return message ? sentence(message) : say("trouble.status", { status });
}

function sentence(message) {
  return message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?…]$/.test(message) ? "" : ".");
}
