/**
 * Connection to a server: it sends requests, again where that is safe, and fetches lists page by page.
 * @import {CallOptions, ConnectionOptions} from "./types.js"
 * @typedef {{method?: string, params?: object, headers?: Record<string, string>, body?: BodyInit, isRead?: boolean,
 *   keepalive?: boolean}} Parts a request with a method changes something unless `isRead`
 * @typedef {{items: string, next?: string, continueAt?: string}} List field of a page with its items, field with the place
 *   of the next page, and the parameter for that
 */

const MAYBE_STORED = ["stopping", "no_database"]; // codes that may follow a change that was stored

/**
 * Operation that failed. These codes are the client's own: `unreachable` (the network failed; status null),
 * `unexpected_answer` (not an answer of Sketchfind, such as a proxy's), and `import_unfinished` (an import took longer
 * than the caller waits; status null). All others are those of the server.
 */
export class SketchfindError extends Error {
  /** @param {string} code @param {string} message @param {unknown} [detail] @param {number | null} [status] */
  constructor(code, message, detail = null, status = null) {
    super(message);
    this.name = "SketchfindError";
    this.code = code;
    this.detail = detail;
    this.status = status;
  }
}

/** Connection that any number of calls share. */
export class Connection {
  #address;
  #options;

  /** @param {string} address URL of the server @param {ConnectionOptions} [options] */
  constructor(address, { key, timeout = 60_000, retries = 3 } = {}) {
    this.#address = address.replace(/\/+$/, "");
    this.#options = { key, timeout, retries };
  }

  /** Send a request, again where that is safe. @param {string} path @param {CallOptions} [options] @param {Parts} [parts]
   * @returns {Promise<any>} the JSON of its answer */
  async send(path, { signal, timeout = this.#options.timeout } = {}, { params = {}, isRead, ...request } = {}) {
    const url = `${this.#address}${path}${queryOf(params)}`;
    if (this.#options.key) request.headers = { ...request.headers, Authorization: `Bearer ${this.#options.key}` };
    const changes = !isRead && request.method !== undefined;
    for (let attempt = 0; ; attempt++) {
      const { answer, error, delay } = await trySending(url, request, timeout, signal);
      if (!error) return answer;
      const isSafe = !changes || (error.status !== null && !MAYBE_STORED.includes(error.code));
      if (attempt >= this.#options.retries || !isSafe || delay === null) throw error;
      await sleep(error.status === null ? 200 * 2 ** attempt : delay, signal);
    }
  }

  /** Yield the items of all pages. @param {string} path @param {List} list @param {CallOptions} [options]
   * @param {Parts} [parts] @returns {AsyncGenerator<any, void>} */
  async *iterate(path, { items, next = "next", continueAt = "after" }, options = {}, parts = {}) {
    let { params } = parts;
    for (let place; place !== null; params = { ...params, [continueAt]: place }) {
      const page = await this.send(path, options, { ...parts, params });
      yield* page[items];
      place = page[next];
    }
  }
}

/**
 * Send a request once. `delay` is the ms after which a failed one may be sent again, null if the server names no time.
 * @param {string} url @param {RequestInit} request @param {number} timeout @param {AbortSignal} [signal]
 * @returns {Promise<{answer?: any, error?: SketchfindError, delay: number | null}>}
 */
async function trySending(url, request, timeout, signal) {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...request, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    return { ...readAnswer(response, await response.text()), delay: delayOf(response) };
  } catch (reason) {
    signal?.throwIfAborted();
    const { cause, message } = /** @type {Error} */ (reason);
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    return { error: new SketchfindError("unreachable", `${url} cannot be reached: ${why}`), delay: 0 };
  }
}

/** @param {Response} response @param {string} text @returns {{answer?: any, error?: SketchfindError}} */
function readAnswer({ ok, status, url }, text) {
  try {
    const answer = JSON.parse(text);
    if (ok) return { answer };
    const { code, message, detail } = answer.error;
    return { error: new SketchfindError(code, message, detail, status) };
  } catch {
    const message = `${url} answered ${status}: expected Sketchfind's JSON`;
    return { error: new SketchfindError("unexpected_answer", message, text.slice(0, 1000), status) };
  }
}

/** @param {Response} answer @returns {number | null} ms in Retry-After of a refusal, null if there are none or too many */
function delayOf({ status, headers }) {
  const seconds = [429, 503].includes(status) ? Number(headers.get("Retry-After") ?? NaN) : NaN;
  return seconds <= 60 ? seconds * 1000 : null; // a caller that has to wait longer decides for itself
}

/** @param {object} params @returns {string} the query; values that are missing are left out */
function queryOf(params) {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(params)) {
    for (const value of [values].flat()) if (value !== undefined && value !== null) query.append(name, String(value));
  }
  return query.toString() && `?${query}`;
}

/** @param {TemplateStringsArray} texts @param {string[]} ids @returns {string} a path with its ids encoded */
export const path = (texts, ...ids) => String.raw({ raw: texts }, ...ids.map(encodeURIComponent));

/** @param {number} ms @param {AbortSignal} [signal] rejects the promise with its reason */
export async function sleep(ms, signal) {
  let stop = () => {};
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop = () => resolve(clearTimeout(timer));
    signal?.addEventListener("abort", stop);
  });
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
}
