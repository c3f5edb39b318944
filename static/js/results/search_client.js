/**
 * Searches the newest sketch, one request at a time.
 *
 * When a stroke is finished, a request that still asks for half of it is aborted and the whole is sent at once. A
 * request for a finished state is not aborted while it is on time: whoever draws faster than the network answers would
 * never see any result. Instead the newest state waits for the answer, is sent right after it, and all states between
 * are skipped. A request is given up when something newer waits and it takes longer than requests do here (twice as
 * long, and twice that again after each one given up, so that on any network one gets through), when other filters are
 * chosen, since its answer would be wrong then, and when there is nothing left to search.
 */

import { LANGUAGE } from "../platform/i18n.js";
import { LATE, ask } from "../platform/api_client.js";
import { boundsOf } from "../sketch/sketch.js";
import { explain, isPassing } from "../platform/error_messages.js";

const RESULTS = 24;
const THROTTLE = 350; // ms between requests during one long stroke
const SMALLEST = 8; // CSS px
const USUAL = 1000; // ms that an answer takes, before there was one
const PROMPT = 1000; // ms: no answer that took less was ever late
const SLOW = 5000; // ms after which the page says that the network is slow
const LONGEST_WAIT = 15_000; // ms between two tries, unless the server asks for more
const SPREAD = 0.2; // of a wait, added at random: a thousand pages should not all come back at once

/**
 * @typedef {{width: number, height: number, strokes: number[][][], colors?: (string | null)[]}} Snapshot
 * @typedef {{path: string, json: string, strokes: number[][][], growing: boolean}} Query
 * @typedef {{make: () => Query, growing: boolean}} Waiting
 * @typedef {object} Events
 * @property {Event} searching
 * @property {Event} slow
 * @property {Event} unclear
 * @property {CustomEvent<import("../types.js").Found>} results
 * @property {CustomEvent<{message: string}>} lost
 * @property {CustomEvent<{message: string, error?: import("../types.js").ServerError}>} failed
 */

/**
 * Fires "searching", "slow", "results" (detail: {answer: the body of POST /search, sketch: the JSON that it answers,
 * path: of the request, growing: whether a stroke of it was in the making}), "unclear" (too little is drawn yet), "failed" (detail: {message,
 * error}) and "lost" (detail: {message}; it tries again by itself).
 */
export class Search extends /** @type {import("../types.js").FiringClass<Events>} */ (EventTarget) {
  /** @type {{query: Query, controller: AbortController} | null} */
  #flight = null; // the request without an answer
  /** @type {Waiting | null} */
  #next = null; // what is sent after it
  #timer = 0;
  #sentAt = -Infinity;
  #usual = USUAL;
  #givenUp = 0; // requests since the last answer
  #tries = 0;
  #pause = { until: 0, asked: false }; // after a failure; asked: by the server, so nothing may cut it short

  constructor() {
    super();
    window.addEventListener("online", () => this.#hurry());
  }

  /**
   * Searches a finished state.
   * @param {Snapshot | null} sketch null to search by the words of the filters alone
   * @param {URLSearchParams} filters
   */
  now(sketch, filters) {
    const query = queryOf(sketch, filters, false);
    const asked = this.#flight?.query;
    if (asked?.path === query.path && asked.json === query.json) {
      asked.growing = false; // it was sent while it grew, and is finished now
      this.#next = null;
    } else {
      if (asked && (asked.growing || asked.path !== query.path)) this.#drop();
      this.#next = { make: () => query, growing: false };
    }
    this.#hurry(); // a new stroke is a good reason to try a lost network again
  }

  /**
   * Searches a stroke that is still growing.
   * @param {() => Snapshot} take called when the time has come, for the state of that moment
   * @param {URLSearchParams} filters
   */
  soon(take, filters) {
    this.#next = { make: () => queryOf(take(), filters, true), growing: true };
    this.#proceed();
  }

  /** Forgets the request in flight and what waits. */
  cancel() {
    this.#next = null;
    this.#tries = this.#givenUp = 0;
    this.#drop();
    this.#proceed();
  }

  #drop() {
    const flight = this.#flight;
    this.#flight = null; // before abort(), so that its end knows that it is outdated
    flight?.controller.abort();
  }

  #hurry() {
    if (!this.#pause.asked) this.#pause.until = 0;
    this.#proceed();
  }

  /** Sends what waits as soon as it may be. */
  #proceed() {
    clearTimeout(this.#timer);
    if (!this.#next) return;
    const wait = this.#due(this.#next) - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#proceed(), wait);
    else this.#send(this.#next);
  }

  /** @param {Waiting} next @returns {number} when it may be sent, as performance.now() counts */
  #due(next) {
    if (this.#flight) return this.#sentAt + Math.max(PROMPT, 2 * this.#usual) * 2 ** this.#givenUp;
    return Math.max(this.#pause.until, next.growing ? this.#sentAt + THROTTLE : 0);
  }

  /** @param {Waiting} next */
  #send({ make, growing }) {
    this.#next = null;
    const query = make();
    if (growing && !tellsSomething(query.strokes)) return;
    if (this.#flight) {
      this.#givenUp++;
      this.#drop();
    }
    this.#fly(query);
  }

  /** @param {Query} query */
  async #fly(query) {
    const flight = (this.#flight = { query, controller: new AbortController() });
    this.#sentAt = performance.now();
    const slow = setTimeout(() => this.#flight === flight && this.#fire("slow"), SLOW);
    this.#fire("searching");
    const answer = await ask(query.path, { json: query.json, signal: flight.controller.signal });
    clearTimeout(slow);
    if (this.#flight !== flight) return;
    this.#flight = null;
    this.#settle(answer, query);
    this.#proceed();
  }

  /** @param {import("../platform/api_client.js").Answer} answer @param {Query} query */
  #settle(answer, query) {
    const { status, body } = answer;
    if (isPassing(status)) return this.#wait(answer, query);
    this.#tries = this.#givenUp = this.#pause.until = 0;
    this.#usual = (this.#usual + performance.now() - this.#sentAt) / 2;
    if (status === 200 && body) this.#fire("results", { answer: body, sketch: query.json, path: query.path, growing: query.growing });
    else if (body?.error?.code === "blank_sketch") this.#fire("unclear");
    else this.#fire("failed", { message: explain(status, body), error: body?.error });
  }

  /** @param {import("../platform/api_client.js").Answer} answer @param {Query} query */
  #wait({ status, body, retryAfter }, query) {
    if (status === LATE) this.#usual *= 2;
    const backoff = Math.min(LONGEST_WAIT, 1000 * 2 ** this.#tries++);
    const wait = Math.max(retryAfter, backoff) * (1 + SPREAD * Math.random());
    this.#pause = { until: performance.now() + wait, asked: retryAfter > 0 || status === 429 };
    this.#next ??= { make: () => query, growing: false };
    this.#fire("lost", { message: explain(status, body) });
  }

  /** @param {keyof Events} type @param {object} [detail] */
  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {Snapshot | null} sketch @param {URLSearchParams} filters @param {boolean} growing @returns {Query} */
function queryOf(sketch, filters, growing) {
  const path = `/search?${new URLSearchParams([["k", String(RESULTS)], ["lang", LANGUAGE], ...filters])}`;
  return { path, json: sketch ? JSON.stringify(sketch) : "", strokes: sketch?.strokes ?? [], growing };
}

/**
 * Whether a growing sketch is worth a request: the server says no to a mere dot, or to nothing after an eraser.
 * @param {number[][][]} strokes
 */
function tellsSomething(strokes) {
  const bounds = boundsOf(strokes);
  return bounds !== null && Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top) >= SMALLEST;
}
