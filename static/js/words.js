/** Every sentence that the page says about a search, in plain words. */

const PASSING = new Set([0, 408, 429, 502, 503, 504]);

const BY_CODE = {
  body_too_large: "This sketch has grown too large to send. Clear it and start again.",
  bad_strokes: "This sketch could not be read. Undo the last stroke and try again.",
  unknown_category: "This category is gone. Searching everything instead.",
  internal: "Something went wrong on our side. Your next stroke tries again.",
};

const BY_STATUS = {
  0: navigatorSays,
  408: () => "The network is slow. These are the last results; trying again…",
  429: () => "Very busy right now. These are the last results; trying again soon…",
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
  if (isPassing(status)) return (BY_STATUS[status] ?? (() => "The shop is not answering. Trying again…"))();
  const { code, message } = body?.error ?? {};
  return BY_CODE[code] ?? (message ? sentence(message) : `The shop answered with error ${status}.`);
}

/** @param {number} found @param {number} size products in the gallery */
export function count(found, size) {
  const number = new Intl.NumberFormat("en");
  return found ? `${number.format(found)} closest of ${number.format(size)}` : "Nothing found";
}

function navigatorSays() {
  const reason = navigator.onLine ? "No connection to the shop" : "You are offline";
  return `${reason}. Your sketch is safe; trying again…`;
}

function sentence(message) {
  return message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?…]$/.test(message) ? "" : ".");
}
