/**
 * Client of a Sketchfind server, for browsers and Node.js from 18.17: see docs/clients.md. Answers may have further fields.
 * @typedef {{width: number, height: number, strokes: number[][][], colors?: (string | null)[]}} Strokes points [x, y, pressure?]
 * @typedef {Blob | BufferSource} Picture the bytes of an image file
 * @typedef {{q?: string, category?: string, color?: Values, brand?: Values, gender?: Values, size?: Values, attribute?: Values,
 *   in_stock?: boolean, min_price?: number | string, max_price?: number | string, currency?: string, variants?: boolean,
 *   sort?: "likeness" | "price_asc" | "price_desc", cursor?: string}} Filters and the order of results; cursor: `next`
 * @typedef {string | string[]} Values one or several
 * @typedef {string | null} Text
 * @typedef {{product_id: string, title: string, category: Text, price: number | null, currency: Text, brand: Text,
 *   regular_price: number | null, link: Text, photo_url: Text, thumbnail_url: Text, photo_urls: string[]}} ProductSummary
 * @typedef {ProductSummary & {group_id: Text, variants: number, sizes: string[], colors: string[],
 *   prices: {currency: Text, min: number, max: number, regular: number | null}[], availability: Text, in_stock: boolean,
 *   description: Text, rank: number, distance: number}} Result see docs/server.md
 * @typedef {{corrected: {word: string, taken_for: string[]}[], dropped: string[]}} Words
 * @typedef {{results: Result[], gallery: {size: number, revision: number}, timings_ms: Record<string, number>, confident: boolean,
 *   kind: "sketch" | "photo" | "words", next: Text, words: Words | null, checkpoint: string, search_id: Text,
 *   object: {left: number, top: number, right: number, bottom: number, guessed: boolean} | null}} SearchAnswer
 * @typedef {ProductSummary & {color: Text, gender: Text, size: Text, size_system: Text, size_type: Text, group_id: Text,
 *   availability: Text, description: Text, attributes: {name: string, value: string}[]}} Product
 * @typedef {Product & {photo_width: number | null, photo_height: number | null}} ProductDetails
 * @typedef {{title?: string, category?: string, price?: number | string, currency?: string, link?: string,
 *   color?: Values, gender?: string, brand?: string, size?: Values, size_system?: string, size_type?: Values,
 *   group_id?: string, availability?: string, description?: string, attributes?: Record<string, Values>,
 *   custom_label_0?: string, custom_label_1?: string, custom_label_2?: string, custom_label_3?: string, custom_label_4?: string,
 *   cost_of_goods_sold?: number | string}} ProductFields
 * @typedef {{id: string, state: "queued" | "running" | "done" | "failed", total: number | null, done: number,
 *   added: number, updated: number, unchanged: number, error_count: number, errors: {where: string, reason: string}[],
 *   errors_next: number | null, message: string | null, created: number, updated_at: number}} Import
 * @typedef {{signal?: AbortSignal, timeout?: number}} CallOptions the signal cancels; timeout of one try, in ms
 * @typedef {{method?: string, params?: object, headers?: Record<string, string>, body?: BodyInit, isRead?: boolean}} Parts
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

/** Client of one server. A method that fails rejects with a SketchfindError; a cancelled one, with the signal's reason. */
export class Client {
  #address;
  #options;

  /**
   * @param {string} address URL of the server, which may have a path
   * @param {{key?: string, timeout?: number, retries?: number}} [options] API key for writes; timeout of one try, in ms;
   *   how often a refused request is sent again where that is safe
   */
  constructor(address, { key, timeout = 60_000, retries = 3 } = {}) {
    this.#address = address.replace(/\/+$/, "");
    this.#options = { key, timeout, retries };
  }

  /**
   * Find the k products nearest to a sketch; without one (null), those that have the words `q`.
   * @param {Strokes | Picture | null} sketch @returns {Promise<SearchAnswer>}
   * @param {{k?: number, kind?: "auto" | "sketch" | "photo", mirror?: boolean, paint?: Values,
   *   crop?: number[]} & Filters & CallOptions} [options] crop: left, top, right, bottom of a box in a photo, as fractions
   */
  search(sketch, { signal, timeout, crop, ...rest } = {}) {
    const isPicture = sketch instanceof Blob || sketch instanceof ArrayBuffer || ArrayBuffer.isView(sketch);
    const headers = { "Content-Type": isPicture ? "application/octet-stream" : "application/json" };
    const body = isPicture ? sketch : sketch ? JSON.stringify(sketch) : undefined;
    const params = { ...rest, crop: crop?.join() };
    return this.#send("/search", { signal, timeout }, { method: "POST", params, headers, body, isRead: true });
  }

  /** @param {string} productId @param {{k?: number} & Filters & CallOptions} [options] @returns {Promise<SearchAnswer>} */
  findSimilar(productId, { signal, timeout, ...params } = {}) {
    return this.#send(path`/products/${productId}/similar`, { signal, timeout }, { params });
  }

  /** @param {string} productId @param {CallOptions} [options] @returns {Promise<ProductDetails>} */
  getProduct(productId, options) {
    return this.#send(path`/products/${productId}`, options);
  }

  /**
   * Yield all products in the order of their ids, fetching them page by page.
   * @param {{pageSize?: number} & CallOptions} [options] @returns {AsyncGenerator<Product, void>}
   */
  async *iterateProducts({ pageSize = 200, ...options } = {}) {
    let after = null;
    do {
      const page = await this.#send("/products", options, { params: { limit: pageSize, after } });
      yield* page.products;
      after = page.next;
    } while (after !== null);
  }

  /**
   * Add or replace a product. Without fields (null), or photos, it keeps what it has. Fields that are missing are cleared.
   * @param {string} productId @param {ProductFields | null} fields @param {Picture[]} [photos]
   * @param {CallOptions} [options] @returns {Promise<ProductDetails>}
   */
  putProduct(productId, fields, photos = [], options = {}) {
    const form = new FormData();
    for (const photo of photos) form.append("photo", photo instanceof Blob ? photo : new Blob([photo]));
    if (fields) form.append("product", JSON.stringify(fields));
    return this.#send(path`/products/${productId}`, options, { method: "PUT", body: form });
  }

  /** @param {string} productId @param {CallOptions} [options] @returns {Promise<{product_id: string, revision: number}>} */
  deleteProduct(productId, options) {
    return this.#send(path`/products/${productId}`, options, { method: "DELETE" });
  }

  /** @param {Blob | BufferSource | string} feed @param {CallOptions} [options] @returns {Promise<Import>} runs in the background */
  startImport(feed, options) {
    const form = new FormData();
    form.append("feed", feed instanceof Blob ? feed : new Blob([feed]));
    return this.#send("/products/import", options, { method: "POST", body: form });
  }

  /** @param {string} importId @param {CallOptions} [options] @returns {Promise<Import>} */
  getImport(importId, options) {
    return this.#send(path`/operations/${importId}`, options);
  }

  /**
   * Wait until an import is done or has failed, and return it. Rejects with import_unfinished after `patience` ms.
   * @param {string} importId @returns {Promise<Import>}
   * @param {{patience?: number, interval?: number, onProgress?: (job: Import) => void} & CallOptions} [options]
   */
  async waitForImport(importId, { patience = Infinity, interval = 1000, onProgress, ...options } = {}) {
    const end = Date.now() + patience;
    for (;;) {
      const job = await this.getImport(importId, options);
      onProgress?.(job);
      if (job.state === "done" || job.state === "failed") return job;
      const message = `import ${importId} is ${job.state} after ${patience} ms: wait longer, it goes on`;
      if (Date.now() + interval > end) throw new SketchfindError("import_unfinished", message, job);
      await sleep(interval, options.signal);
    }
  }

  /**
   * Yield the stored errors of an import, fetching them page by page.
   * @param {string} importId @param {CallOptions} [options] @returns {AsyncGenerator<Import["errors"][0], void>}
   */
  async *iterateImportErrors(importId, options) {
    let after = 0;
    do {
      const job = await this.#send(path`/operations/${importId}`, options, { params: { after, limit: 1000 } });
      yield* job.errors;
      after = job.errors_next;
    } while (after !== null);
  }

  /** @param {CallOptions} [options] @returns {Promise<{status: string, version: string}>} of a server that answers */
  checkHealth(options) {
    return this.#send("/healthz", options);
  }

  /** @param {CallOptions} [options] @returns {Promise<{status: "ready" | "degraded"}>} of a server that can search */
  checkReadiness(options) {
    return this.#send("/readyz", options);
  }

  /** Send a request, again where that is safe. @param {string} path @param {CallOptions} [options] @param {Parts} [parts]
   * @returns {Promise<any>} the JSON of its answer */
  async #send(path, { signal, timeout = this.#options.timeout } = {}, { params = {}, isRead, ...request } = {}) {
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
const path = (texts, ...ids) => String.raw({ raw: texts }, ...ids.map(encodeURIComponent));

/** @param {number} ms @param {AbortSignal} [signal] rejects the promise with its reason */
async function sleep(ms, signal) {
  let stop = () => {};
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop = () => resolve(clearTimeout(timer));
    signal?.addEventListener("abort", stop);
  });
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
}
