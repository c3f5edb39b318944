/** The page's words, in the language that the server chose. */

import { find } from "./dom.js";

/** @type {Record<string, Record<string, string>>} */
const MESSAGES = JSON.parse(find("meta[name=messages]").getAttribute("content") ?? "");

/** @type {string} BCP 47 code of the page's language */
export const LANGUAGE = document.documentElement.lang;

/** The browser's variant of the page's language, such as de-CH, if it has one: prices are written as people do there. */
export const LOCALE = navigator.languages.find((code) => code.split("-")[0] === LANGUAGE) ?? LANGUAGE;

const NUMBER = new Intl.NumberFormat(LANGUAGE);

/** @param {number} value @returns {string} as people of the language write it */
export function written(value) {
  return NUMBER.format(value);
}

/**
 * The sentence of a key such as "finding.count"; {name} in it gives way to values.name.
 * @param {string} key area.name, as in templates/messages
 * @param {Record<string, string | number>} values numbers are written as people of the language do
 */
export function say(key, values = {}) {
  const [area, name] = key.split(".");
  return MESSAGES[area][name].replace(/\{(\w+)\}/g, (_, place) => {
    const value = values[place];
    return typeof value === "number" ? written(value) : String(value);
  });
}
