/** What the search is narrowed down to: words, category, colours, brands and other traits, prices, what is in stock. */

/**
 * @typedef {object} Choice
 * @property {string} words as typed; a space at the end says that the last one is whole
 * @property {string | null} category full path, such as "Shoes > Boots"
 * @property {readonly string[]} colors any of these
 * @property {readonly string[]} brands any of these
 * @property {readonly string[]} genders any of these
 * @property {readonly string[]} sizes any of these
 * @property {boolean} inStock whether what is out of stock is left out
 * @property {number | null} minPrice
 * @property {number | null} maxPrice
 * @property {string | null} currency of the prices
 */

/** The traits of which any number of values can be chosen, with their parameters. */
const PARAMETERS = /** @type {const} */ ({ colors: "color", brands: "brand", genders: "gender", sizes: "size" });

/** @typedef {keyof typeof PARAMETERS} Trait */

export const TRAITS = /** @type {Trait[]} */ (Object.keys(PARAMETERS));

/** @type {Readonly<Choice>} */
const EVERYTHING = Object.freeze({
  words: "",
  category: null,
  colors: [],
  brands: [],
  genders: [],
  sizes: [],
  inStock: false,
  minPrice: null,
  maxPrice: null,
  currency: null,
});

/** Fires "change" whenever something else is chosen. */
export class Filters extends EventTarget {
  /** @type {Readonly<Choice>} */
  #chosen = EVERYTHING;

  /** @returns {Readonly<Choice>} */
  get chosen() {
    return this.#chosen;
  }

  /** Whether nothing is left out. */
  get areOpen() {
    return String(this.parameters) === "";
  }

  /**
   * The chosen filters as the server's routes take them, and as a link may hold them: q, category, color, brand, gender
   * and size (repeated), in_stock, min_price, max_price, currency. What is not chosen is not there; setting them chooses nothing else.
   * @returns {URLSearchParams}
   */
  get parameters() {
    const { words, category, inStock, minPrice, maxPrice, currency } = this.#chosen;
    const hasPrice = minPrice !== null || maxPrice !== null;
    /** @type {(name: string, value: string | number | boolean | null) => [string, string][]} */
    const given = (name, value) => (value === null ? [] : [[name, String(value)]]);
    return new URLSearchParams([
      ...given("q", words || null),
      ...given("category", category),
      ...TRAITS.flatMap((trait) => this.#chosen[trait].flatMap((value) => given(PARAMETERS[trait], value))),
      ...given("in_stock", inStock || null),
      ...given("min_price", minPrice),
      ...given("max_price", maxPrice),
      ...given("currency", hasPrice ? currency : null),
    ]);
  }

  /** @param {URLSearchParams} parameters others may be among them; what cannot be read is left out */
  set parameters(parameters) {
    this.choose({
      words: parameters.get("q")?.trimStart() ?? "",
      category: parameters.get("category") || null,
      ...ofTraits((trait) => parameters.getAll(PARAMETERS[trait]).filter(Boolean)),
      inStock: parameters.get("in_stock") === "true",
      minPrice: priceOf(parameters.get("min_price")),
      maxPrice: priceOf(parameters.get("max_price")),
      currency: parameters.get("currency") || null,
    });
  }

  /** @param {Partial<Choice>} changes what is not named stays */
  choose(changes) {
    const before = JSON.stringify(this.#chosen);
    this.#chosen = inOrder({ ...this.#chosen, ...changes });
    if (JSON.stringify(this.#chosen) !== before) this.dispatchEvent(new Event("change"));
  }

  /** Opens everything. @param {Partial<Choice>} but what stays chosen */
  clear(but = {}) {
    this.choose({ ...EVERYTHING, ...but });
  }
}

/** @param {string | null} text @returns {number | null} null when it is no price */
export function priceOf(text) {
  const price = text?.trim() ? Number(text) : NaN;
  return price >= 0 && price < Infinity ? price : null;
}

/** What categories, colours and brands are compared by, as the server does. @param {string} name */
export function plain(name) {
  return name.toLowerCase();
}

/** A list of values for every trait. @param {(trait: Trait) => string[]} valuesOf */
function ofTraits(valuesOf) {
  return /** @type {Record<Trait, string[]>} */ (Object.fromEntries(TRAITS.map((trait) => [trait, valuesOf(trait)])));
}

/** The values, each in one spelling. @param {readonly string[]} values */
function unlike(values) {
  return [...new Map(values.map((value) => [plain(value), value])).values()];
}

/**
 * Who enters a range the wrong way round means it all the same. Values are sorted, so that equal choices are equal.
 * @param {Choice} choice
 * @returns {Choice}
 */
function inOrder(choice) {
  const { minPrice, maxPrice } = choice;
  const isTurned = minPrice !== null && maxPrice !== null && minPrice > maxPrice;
  const [low, high] = isTurned ? [maxPrice, minPrice] : [minPrice, maxPrice];
  return { ...choice, ...ofTraits((trait) => unlike(choice[trait]).sort()), minPrice: low, maxPrice: high };
}
