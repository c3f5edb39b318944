/** What a colour of a feed looks like, as far as its name tells. */

// beyond the names that CSS knows; whoever sells shoes has more of them
/** @type {Record<string, string>} */
const MORE = {
  ash: "#b2b0a8", beech: "#d9b38c", blush: "#eec4c0", brown: "#7c4225", bone: "#e3dac9", bordeaux: "#5e1224", bronze: "#a9743a",
  burgundy: "#6d1a36", camel: "#c19a6b", champagne: "#f1ddc0", charcoal: "#3d4249", cherry: "#8e2a35",
  chestnut: "#7f4632", cognac: "#9a4a1f", copper: "#b5683a", cream: "#f5ecd7", denim: "#3f5f8a", ebony: "#3b3130",
  emerald: "#1d7f5a", forest: "#2a5a3a", jute: "#c9a66b", lilac: "#b99cc9", mahogany: "#6b2f22", mint: "#a9dcc3",
  mustard: "#d1a12b", nude: "#e2bfa5", oak: "#b98a56", oxblood: "#5a1a1e", pine: "#c9a86a", rose: "#e3a0a8",
  rust: "#a5482a", sand: "#d8c3a0", sky: "#8fc0e8", steel: "#7c8896", stone: "#b8b0a2", taupe: "#8b7d70",
  walnut: "#5d4130", wine: "#6a1f33",
  schwarz: "black", weiß: "white", grau: "gray", rot: "red", blau: "blue", grün: "green", gelb: "gold",
  braun: "#7c4225", rosa: "pink", lila: "purple", silber: "silver",
  noir: "black", blanc: "white", gris: "gray", rouge: "red", bleu: "blue", vert: "green", jaune: "gold",
  marron: "#7c4225", violet: "purple", doré: "gold", argenté: "silver",
  negro: "black", blanco: "white", rojo: "red", azul: "blue", verde: "green", amarillo: "gold", naranja: "orange",
  morado: "purple", dorado: "gold", plateado: "silver",
  黑: "black", 白: "white", 灰: "gray", 红: "red", 蓝: "blue", 绿: "green", 黄: "gold", 棕: "#7c4225", 粉: "pink",
  紫: "purple", 橙: "orange", 金: "gold", 银: "silver", 米: "beige",
};

const NO_COLOR = /^(inherit|initial|unset|revert|transparent|currentcolor)/; // CSS takes them for one

/**
 * @param {string} name as the feed has it, such as "Dark blue"
 * @returns {string | null} a CSS colour; null when the name tells nothing
 */
export function swatchOf(name) {
  const word = name.toLowerCase().replace(/[\s_-]+|色$/gu, "");
  if (Object.hasOwn(MORE, word)) return MORE[word];
  return /^[a-z]+$/.test(word) && !NO_COLOR.test(word) && CSS.supports("color", word) ? word : null;
}
