/** Asks the server for the newest sketch: one request in flight, outdated ones aborted, lost ones sent again. */

import { boundsOf } from "./strokes.js";
import { explain, isPassing } from "./words.js";

const RESULTS = 24;
const THROTTLE = 350; // ms between requests during one long stroke
const SMALLEST = 8; // CSS px
const PATIENCE = 20_000; // ms until a request without an answer counts as lost
const LONGEST_WAIT = 15_000; // ms between two tries

/**
 * @typedef {{width: number, height: number, strokes: number[][][], category: string | null}} Query
 *
 * Fires "searching", "results" (detail: the answer of POST /search), "unclear" (too little is drawn yet), "failed"
 * (detail: {message}) and "lost" (detail: {message}; it tries again by itself).
 */
export class Search extends EventTarget {
  #controller = null;
  #retry = 0;
  #tries = 0;
  #query = null;
  #sentAt = -Infinity;

  constructor() {
    super();
    window.addEventListener("online", () => this.#retry && this.#send());
  }

  /** Searches this now, instead of whatever is in flight. @param {Query} query */
  now(query) {
    this.cancel();
    this.#query = query;
    this.#send();
  }

  /**
   * Searches a stroke that is still growing, unless a request is in flight or was sent just now: aborting here would
   * mean that on a slow network nobody gets results before lifting the finger.
   * @param {() => Query} makeQuery
   */
  soon(makeQuery) {
    if (this.#controller || this.#retry || performance.now() - this.#sentAt < THROTTLE) return;
    const query = makeQuery();
    if (!tellsSomething(query.strokes)) return;
    this.#query = query;
    this.#send();
  }

  /** Forgets the request in flight and the one that waits for its next try. */
  cancel() {
    clearTimeout(this.#retry);
    this.#retry = this.#tries = 0;
    const controller = this.#controller;
    this.#controller = null; // before abort(), so that its rejection knows that it is outdated
    controller?.abort();
  }

  async #send() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#sentAt = performance.now();
    const controller = (this.#controller = new AbortController());
    const patience = setTimeout(() => controller.abort(), PATIENCE);
    this.#fire("searching");
    const answer = await post(this.#query, controller.signal);
    clearTimeout(patience);
    if (this.#controller !== controller) return; // a newer sketch has taken over
    this.#controller = null;
    this.#settle(answer);
  }

  #settle({ status, body, retryAfter }) {
    const code = body?.error?.code;
    if (status === 200 && body) {
      this.#tries = 0;
      this.#fire("results", body);
    } else if (code === "blank_sketch") {
      this.#tries = 0;
      this.#fire("unclear");
    } else if (isPassing(status)) {
      const wait = Math.max(retryAfter * 1000, Math.min(LONGEST_WAIT, 1000 * 2 ** this.#tries++));
      this.#retry = setTimeout(() => this.#send(), wait);
      this.#fire("lost", { message: explain(status, body) });
    } else {
      this.#fire("failed", { message: explain(status, body), code });
    }
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Whether a growing sketch is worth a request: the server says no to a mere dot, or to nothing after an eraser. */
function tellsSomething(strokes) {
  const bounds = boundsOf(strokes);
  return bounds !== null && Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top) >= SMALLEST;
}

/** @returns {Promise<{status: number, body: any, retryAfter: number}>} status 0 when no whole answer came back */
async function post({ category, ...sketch }, signal) {
  const parameters = new URLSearchParams({ k: String(RESULTS) });
  if (category) parameters.set("category", category);
  try {
    const response = await fetch(`/search?${parameters}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(sketch),
      signal,
    });
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    return { status: response.status, body: await readJson(response), retryAfter };
  } catch {
    return { status: 0, body: null, retryAfter: 0 };
  }
}

/** A proxy between us and the server may answer in HTML: that is still an answer, only without a body for us. */
async function readJson(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
