/** Asks the server. Whatever the network or a proxy makes of it, there is an answer with a status. */

import { visit } from "./storage.js";

const PATIENCE = 20_000; // ms until a request without an answer counts as lost

/** The random id of this tab, where the server counts what is opened and the browser does not object; else empty. */
export const SESSION = isCounted() ? (visit.read("sketchfind.session") ?? newSession()) : "";

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
    /** @type {Record<string, string>} */
    const headers = SESSION ? { "X-Session": SESSION } : {};
    if (json !== undefined) headers["Content-Type"] = "application/json";
    const method = json === undefined ? "GET" : "POST";
    const response = await fetch(path, { method, headers, body: json, signal: controller.signal });
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

function isCounted() {
  return "events" in document.documentElement.dataset && !(/** @type {any} */ (navigator).globalPrivacyControl);
}

function newSession() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  visit.write("sketchfind.session", id);
  return id;
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
