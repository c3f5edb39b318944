/** What a colour of a feed looks like in a shop, as far as its name tells. */

// like the server's palette (app/colours/palette.py) and what shops mean by a name: CSS means other colours by some, a
// pure red, an orange chocolate and a pink plum, and does not know others
/** @type {Record<string, string>} */
const LOOKS = {
  red: "#c0252d", orange: "#de7426", yellow: "#edc73d", green: "#2e8b57", blue: "#2f65a7", purple: "#7a4f8f",
  pink: "#e79bb0", brown: "#7c4225", beige: "#d3b994", grey: "#8d9095", gray: "#8d9095", black: "#1e1e1e",
  chocolate: "#4e3025", plum: "#683a5f", navy: "#28385e", olive: "#6d6b3a", tan: "#b98a52", teal: "#237377",
  gold: "#cda752", silver: "#c3c6ca", fuchsia: "#cc2f74", coral: "#e8705a", salmon: "#e6a08c", lavender: "#ae9bcb",
  turquoise: "#3aa6a0", aqua: "#5bb8c4", lime: "#a8c686", maroon: "#5a1a1e", khaki: "#a59a6b", indigo: "#28385e",
  ash: "#b2b0a8", beech: "#d9b38c", blush: "#eec4c0", bone: "#e3dac9", bordeaux: "#5e1224", bronze: "#a9743a",
  burgundy: "#6d1a36", camel: "#c19a6b", champagne: "#f1ddc0", charcoal: "#3d4249", cherry: "#8e2a35",
  chestnut: "#7f4632", cognac: "#9a4a1f", copper: "#b5683a", cream: "#f5ecd7", denim: "#3f5f8a", ebony: "#3b3130",
  emerald: "#1d7f5a", forest: "#2a5a3a", jute: "#c9a66b", lilac: "#b99cc9", mahogany: "#6b2f22", mint: "#a9dcc3",
  mustard: "#d1a12b", nude: "#e2bfa5", oak: "#b98a56", oxblood: "#5a1a1e", pine: "#c9a86a", rose: "#e3a0a8",
  rust: "#a5482a", sand: "#d8c3a0", sky: "#8fc0e8", steel: "#7c8896", stone: "#b8b0a2", taupe: "#8b7d70",
  walnut: "#5d4130", wine: "#6a1f33",
  schwarz: "black", weiß: "white", grau: "grey", rot: "red", blau: "blue", grün: "green", gelb: "yellow",
  braun: "brown", rosa: "pink", lila: "purple", silber: "silver",
  noir: "black", blanc: "white", gris: "grey", rouge: "red", bleu: "blue", vert: "green", jaune: "yellow",
  marron: "brown", violet: "purple", doré: "gold", argenté: "silver",
  negro: "black", blanco: "white", rojo: "red", azul: "blue", verde: "green", amarillo: "yellow", naranja: "orange",
  morado: "purple", dorado: "gold", plateado: "silver",
  黑: "black", 白: "white", 灰: "grey", 红: "red", 蓝: "blue", 绿: "green", 黄: "yellow", 棕: "brown", 粉: "pink",
  紫: "purple", 橙: "orange", 金: "gold", 银: "silver", 米: "beige",
};

const NO_COLOR = /^(inherit|initial|unset|revert|transparent|currentcolor)/; // CSS takes them for one

/**
 * @param {string} name as the feed has it, such as "Dark blue"
 * @returns {string | null} a CSS colour; null when the name tells nothing
 */
export function swatchOf(name) {
  const word = name.toLowerCase().replace(/[\s_-]+|色$/gu, "");
  const look = Object.hasOwn(LOOKS, word) ? LOOKS[word] : word;
  if (Object.hasOwn(LOOKS, look)) return LOOKS[look]; // another language's name of one
  if (look.startsWith("#")) return look;
  return /^[a-z]+$/.test(look) && !NO_COLOR.test(look) && CSS.supports("color", look) ? look : null;
}
