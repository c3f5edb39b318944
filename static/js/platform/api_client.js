/** Asks the server. Whatever the network or a proxy makes of it, there is an answer with a status. */

const PATIENCE = 20_000; // ms until a request without an answer counts as lost

/** The status of an answer that never came, and of one that did not come in time. */
export const LOST = 0;
export const LATE = 408;

/**
 * @typedef {object} Answer
 * @property {number} status HTTP status, LOST or LATE
 * @property {any} body null when it is no JSON: a proxy between us and the server may answer in HTML
 * @property {number} retryAfter ms that the server wants us to wait; 0 when it does not say
 */

/**
 * @param {string} path
 * @param {{json?: string, signal?: AbortSignal}} options json: the body to POST; without one it is a GET
 * @returns {Promise<Answer>}
 */
export async function ask(path, { json, signal } = {}) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal?.addEventListener("abort", abort, { once: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort();
  }, PATIENCE);
  try {
    const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: json };
    const response = await fetch(path, { ...(json === undefined ? {} : post), signal: controller.signal });
    const body = readJson(await response.text());
    return { status: response.status, body, retryAfter: waitOf(response.headers.get("Retry-After")) };
  } catch {
    return { status: late ? LATE : LOST, body: null, retryAfter: 0 };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * The path of a product's route. Ids may hold slashes, which stay where the id's end is not taken for a route.
 * @param {string} id @param {string} route
 */
export function productPath(id, route = "") {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return `/products/${path.replace(/\/(?=(similar|match)$)/, "%2F")}${route}`;
}

/** @param {string} text @returns {any} */
function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Retry-After is a number of seconds or a date. @param {string | null} header */
function waitOf(header) {
  const seconds = Number(header ?? 0);
  const wait = Number.isNaN(seconds) ? Date.parse(header ?? "") - Date.now() : seconds * 1000;
  return wait > 0 ? wait : 0;
}
