/**
 * Client of a Sketchfind server, for browsers and Node.js from 18.17: see docs/clients.md.
 * @import {CallOptions, ConnectionOptions, Deletion, Deletions, Event, EventReceipt, Health, Import, ImportOptions,
 *   PatchReport, Picture, Problem, Product, ProductChanges, ProductDetails, ProductFields, ProductPatch, Readiness,
 *   Result, SearchAnswer, SearchOptions, SimilarOptions, Sketch} from "./types.js"
 * @import {Parts} from "./connection.js"
 */

import { Connection, path, SketchfindError, sleep } from "./connection.js";

export { SketchfindError };

const RESULTS = { items: "results", continueAt: "cursor" };

/** Client of one server. A method that fails rejects with a SketchfindError; a cancelled one, with the signal's reason. */
export class Client {
  #connection;

  /**
   * @param {string} address URL of the server, which may have a path
   * @param {ConnectionOptions} [options] API key for writes, timeout of one try, and number of retries
   */
  constructor(address, options) {
    this.#connection = new Connection(address, options);
  }

  /**
   * Find the k products nearest to a sketch; without one (null), those that have the words `q`.
   * @param {Sketch | null} sketch @param {{k?: number} & SearchOptions & CallOptions} [options]
   * @returns {Promise<SearchAnswer>}
   */
  search(sketch, { signal, timeout, ...options } = {}) {
    return this.#connection.send("/search", { signal, timeout }, searchParts(sketch, options));
  }

  /**
   * Yield the results of a search in their order, fetching them page by page.
   * @param {Sketch | null} sketch @param {{pageSize?: number} & SearchOptions & CallOptions} [options]
   * @returns {AsyncGenerator<Result, void>}
   */
  iterateResults(sketch, { signal, timeout, pageSize, ...options } = {}) {
    const parts = searchParts(sketch, { k: pageSize, ...options });
    return this.#connection.iterate("/search", RESULTS, { signal, timeout }, parts);
  }

  /**
   * Find the k products that look most like a product.
   * @param {string} productId @param {{k?: number} & SimilarOptions & CallOptions} [options]
   * @returns {Promise<SearchAnswer>}
   */
  findSimilar(productId, { signal, timeout, ...options } = {}) {
    return this.#connection.send(path`/products/${productId}/similar`, { signal, timeout }, similarParts(options));
  }

  /**
   * Yield the products that look like a product, fetching them page by page.
   * @param {string} productId @param {{pageSize?: number} & SimilarOptions & CallOptions} [options]
   * @returns {AsyncGenerator<Result, void>}
   */
  iterateSimilar(productId, { signal, timeout, pageSize, ...options } = {}) {
    const parts = similarParts({ k: pageSize, ...options });
    return this.#connection.iterate(path`/products/${productId}/similar`, RESULTS, { signal, timeout }, parts);
  }

  /**
   * Record what happened to the results of searches, also when the page is being left.
   * @param {string} session random, 32 hexadecimal digits @param {Event[]} events @param {CallOptions} [options]
   * @returns {Promise<EventReceipt>}
   */
  recordEvents(session, events, options) {
    const parts = { ...jsonParts("POST", { session, events }), isRead: true, keepalive: true }; // repeats count once
    return this.#connection.send("/events", options, parts);
  }

  /** @param {string} productId @param {{lang?: string} & CallOptions} [options] @returns {Promise<ProductDetails>} */
  getProduct(productId, { lang, ...options } = {}) {
    return this.#connection.send(path`/products/${productId}`, options, { params: { lang } });
  }

  /**
   * Yield all products in the order of their ids, fetching them page by page.
   * @param {{pageSize?: number, lang?: string} & CallOptions} [options] @returns {AsyncGenerator<Product, void>}
   */
  iterateProducts({ pageSize = 200, lang, ...options } = {}) {
    return this.#connection.iterate("/products", { items: "products" }, options, { params: { limit: pageSize, lang } });
  }

  /**
   * Add or replace a product. Without fields (null), or photos, it keeps what it has. Missing fields are cleared.
   * @param {string} productId @param {ProductFields | null} fields @param {Picture[]} [photos]
   * @param {CallOptions} [options] @returns {Promise<ProductDetails>}
   */
  putProduct(productId, fields, photos = [], options = {}) {
    const form = new FormData();
    for (const photo of photos) form.append("photo", photo instanceof Blob ? photo : new Blob([photo]));
    if (fields) form.append("product", JSON.stringify(fields));
    return this.#connection.send(path`/products/${productId}`, options, { method: "PUT", body: form });
  }

  /**
   * Change fields of a product. Fields that are missing stay, null removes one, photos stay.
   * @param {string} productId @param {ProductChanges} changes @param {CallOptions} [options]
   * @returns {Promise<ProductDetails>}
   */
  patchProduct(productId, changes, options) {
    return this.#connection.send(path`/products/${productId}`, options, jsonParts("PATCH", changes));
  }

  /**
   * Change fields of many products, in order. Patches that cannot be used are left out, and reported by line.
   * @param {ProductPatch[]} patches @param {CallOptions} [options] @returns {Promise<PatchReport>}
   */
  patchProducts(patches, options) {
    const body = patches.map((patch) => `${JSON.stringify(patch)}\n`).join("");
    const headers = { "Content-Type": "application/jsonl" };
    return this.#connection.send("/products", options, { method: "PATCH", headers, body });
  }

  /** @param {string} productId @param {CallOptions} [options] @returns {Promise<Deletion>} */
  deleteProduct(productId, options) {
    return this.#connection.send(path`/products/${productId}`, options, { method: "DELETE" });
  }

  /**
   * Delete many products in one transaction. Unknown ids are only counted.
   * @param {string[]} productIds @param {CallOptions} [options] @returns {Promise<Deletions>}
   */
  deleteProducts(productIds, options) {
    return this.#connection.send("/products", options, jsonParts("DELETE", productIds));
  }

  /**
   * Start an import of a feed. The server runs it in the background.
   * @param {Picture | string} feed @param {ImportOptions & CallOptions} [options] @returns {Promise<Import>}
   */
  startImport(feed, { signal, timeout, complete, maxRemoved, dryRun, language } = {}) {
    const body = new FormData();
    body.append("feed", feed instanceof Blob ? feed : new Blob([feed]));
    const params = { complete, max_removed: maxRemoved, dry_run: dryRun, language };
    return this.#connection.send("/products/import", { signal, timeout }, { method: "POST", params, body });
  }

  /** @param {string} importId @param {CallOptions} [options] @returns {Promise<Import>} */
  getImport(importId, options) {
    return this.#connection.send(path`/operations/${importId}`, options);
  }

  /**
   * Yield all imports, newest first and without their errors, fetching them page by page.
   * @param {{pageSize?: number} & CallOptions} [options] @returns {AsyncGenerator<Import, void>}
   */
  iterateImports({ pageSize = 100, ...options } = {}) {
    return this.#connection.iterate("/operations", { items: "operations" }, options, { params: { limit: pageSize } });
  }

  /** What it has written stays. @param {string} importId @param {CallOptions} [options] @returns {Promise<Import>} */
  cancelImport(importId, options) {
    return this.#connection.send(path`/operations/${importId}/cancel`, options, { method: "POST" });
  }

  /**
   * Wait until an import is over, however it ended, and return it. Rejects with import_unfinished after `patience` ms.
   * @param {string} importId @returns {Promise<Import>}
   * @param {{patience?: number, interval?: number, onProgress?: (job: Import) => void} & CallOptions} [options]
   */
  async waitForImport(importId, { patience = Infinity, interval = 1000, onProgress, ...options } = {}) {
    const end = Date.now() + patience;
    for (;;) {
      const job = await this.getImport(importId, options);
      onProgress?.(job);
      if (["done", "failed", "cancelled"].includes(job.state)) return job;
      const message = `import ${importId} is ${job.state} after ${patience} ms: wait longer, it goes on`;
      if (Date.now() + interval > end) throw new SketchfindError("import_unfinished", message, job);
      await sleep(interval, options.signal);
    }
  }

  /**
   * Yield the stored errors of an import, fetching them page by page.
   * @param {string} importId @param {CallOptions} [options] @returns {AsyncGenerator<Problem, void>}
   */
  iterateImportErrors(importId, options) {
    const list = { items: "errors", next: "errors_next" };
    return this.#connection.iterate(path`/operations/${importId}`, list, options, { params: { limit: 1000 } });
  }

  /** @param {CallOptions} [options] @returns {Promise<Health>} of a server that answers */
  checkHealth(options) {
    return this.#connection.send("/healthz", options);
  }

  /** @param {CallOptions} [options] @returns {Promise<Readiness>} of a server that can search */
  checkReadiness(options) {
    return this.#connection.send("/readyz", options);
  }
}

/** @param {Sketch | null} sketch @param {{k?: number} & SearchOptions} options @returns {Parts} of a search */
function searchParts(sketch, { crop, ...options }) {
  const isPicture = sketch instanceof Blob || sketch instanceof ArrayBuffer || ArrayBuffer.isView(sketch);
  const headers = { "Content-Type": isPicture ? "application/octet-stream" : "application/json" };
  const body = isPicture ? sketch : sketch ? JSON.stringify(sketch) : undefined;
  const { params, headers: others } = similarParts({ ...options, crop: crop?.join() });
  return { method: "POST", params, headers: { ...others, ...headers }, body, isRead: true };
}

/** @param {{session?: string, [name: string]: unknown}} options @returns {Parts} with the shopper's session as a header */
function similarParts({ session, ...params }) {
  return { params, headers: session ? { "X-Session": session } : {} };
}

/** @param {string} method @param {unknown} value @returns {Parts} of a request with JSON */
function jsonParts(method, value) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
