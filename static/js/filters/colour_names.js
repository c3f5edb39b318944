/** The names of colours in the page's language. */

import { say } from "../platform/i18n.js";
import { plain } from "./filters.js";

/** The names that the server gives to measured colours, and shops that write English to theirs. @type {Record<string, string>} */
const KEYS = {
  black: "colours.black", white: "colours.white", grey: "colours.grey", gray: "colours.grey", beige: "colours.beige",
  brown: "colours.brown", red: "colours.red", orange: "colours.orange", yellow: "colours.yellow", green: "colours.green",
  blue: "colours.blue", purple: "colours.purple", pink: "colours.pink",
};

/** @param {string} colour as the server has it @returns {string} as the shopper reads it */
export function colourName(colour) {
  const name = plain(colour);
  return Object.hasOwn(KEYS, name) ? say(KEYS[name]) : colour;
}
