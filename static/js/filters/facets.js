/** What there is to choose from, and how many products each choice would leave. */

import { ask } from "../platform/api_client.js";
import { isPassing } from "../platform/error_messages.js";
import { LANGUAGE } from "../platform/i18n.js";

/**
 * @typedef {object} Counts as GET /facets gives them, each counted with the other filters applied
 * @property {number | null} size products that pass all filters; null while the network keeps it from us
 * @property {{category: string, label?: string, count: number}[]} categories label: in the page's language
 * @property {{color: string, label?: string, count: number}[]} colors likewise
 * @property {{brand: string, count: number}[]} brands
 * @property {{gender: string, count: number}[]} [genders]
 * @property {{size: string, count: number}[]} [sizes] in the order of sizes
 * @property {number} in_stock products that would be left without those out of stock
 * @property {{currency: string | null, min: number, max: number, count: number}[]} prices
 */

/** @typedef {{change: Event, refused: CustomEvent<import("../types.js").ServerError>}} Events */

/** Fires "change" when there are new counts, and "refused" (detail: the error) when a filter cannot be used. */
export class Facets extends /** @type {import("../types.js").FiringClass<Events>} */ (EventTarget) {
  /** @type {Counts | null} null until the first answer; without one people search everything: no harm done */
  counts = null;

  #filters;
  /** @type {AbortController | null} */
  #controller = null;
  #isMissing = false;

  /** @param {import("./filters.js").Filters} filters */
  constructor(filters) {
    super();
    this.#filters = filters;
    filters.addEventListener("change", () => this.load());
  }

  /** Asks for the counts of the filters of now; an older question is dropped. */
  async load() {
    this.#controller?.abort();
    const controller = (this.#controller = new AbortController());
    const { status, body } = await ask(`/facets?${new URLSearchParams([["lang", LANGUAGE], ...this.#filters.parameters])}`, { signal: controller.signal });
    if (this.#controller !== controller) return;
    this.#controller = null;
    this.#isMissing = isPassing(status);
    if (status === 200 && body) this.#show(body);
    else if (body?.error) this.dispatchEvent(new CustomEvent("refused", { detail: body.error }));
    else if (this.counts) this.#show({ ...this.counts, size: null });
  }

  /** Asks again if the network kept the last answer from us. */
  ensure() {
    if (this.#isMissing && !this.#controller) this.load();
  }

  /** @param {Counts} counts */
  #show(counts) {
    this.counts = counts;
    this.dispatchEvent(new Event("change"));
  }
}
