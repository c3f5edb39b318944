/** Shapes that several modules share, and those of the server's answers. For tsc and readers: no browser loads this file. */

import type { Product } from "./products/product_card.js";

/** An EventTarget that fires the events of `Map`: the name of each, and what it is. */
export interface Fires<Map> extends EventTarget {
  addEventListener<Name extends keyof Map & string>(
    type: Name,
    listener: (event: Map[Name]) => void,
    options?: AddEventListenerOptions,
  ): void;
}

/** The class EventTarget, to extend where it fires the events of `Map`. */
export type FiringClass<Map> = { new (): Fires<Map>; prototype: Fires<Map> };

/** A result of POST /search: a product and its place, 1 for the best. */
export type SearchResult = Product & { rank: number };

/** The body of POST /search. */
export interface SearchAnswer {
  results: SearchResult[];
  /** Number of products that were searched. */
  gallery: { size: number };
  /** Whether the best results are much better than others; missing or null when the server cannot say. */
  confident?: boolean | null;
  /** Cursor of the results that follow; null at the end. */
  next?: string | null;
  /** What became of the words that were searched; null without any. */
  words?: import("./filters/word_field.js").Words | null;
  /** By which to tell the server what becomes of the results; null unless it counts that. */
  search_id?: string | null;
  /** Milliseconds of each stage. */
  timings_ms?: Record<string, number>;
}

/** An error as the server gives it. */
export interface ServerError {
  code?: string;
  detail?: any;
}

/** What the "results" event of a search holds. */
export interface Found {
  answer: SearchAnswer;
  /** The JSON of the sketch that was searched, empty when only words were. */
  sketch: string;
  /** The path that was asked, with filters and order. */
  path: string;
  /** Whether a stroke of it was in the making. */
  growing: boolean;
}
