/** Colours to choose any of, each with how many products have it. */

import { arrange } from "./arrange.js";
import { element } from "./card.js";
import { written } from "./messages.js";
import { swatchOf } from "./swatch.js";

export class ColorChips {
  #group;
  #place;
  #filters;
  #labels = new Map();

  /**
   * @param {HTMLElement} group hidden while there is nothing to choose
   * @param {import("./filters.js").Filters} filters
   */
  constructor(group, filters) {
    this.#group = group;
    this.#place = group.querySelector(".options");
    this.#filters = filters;
    group.addEventListener("change", () => {
      const colors = [...this.#labels].filter(([, label]) => label.control.checked).map(([color]) => color);
      filters.choose({ colors });
    });
  }

  /** @param {{color: string, count: number}[]} counts */
  show(counts) {
    const { colors: chosen } = this.#filters.chosen;
    const known = new Map([...chosen.map((color) => [color, 0]), ...counts.map(({ color, count }) => [color, count])]);
    const names = [...known.keys()].sort((a, b) => known.get(b) - known.get(a));
    const order = [...new Set([...this.#labels.keys(), ...names])].filter((color) => known.has(color)); // near fingers nothing moves
    this.#labels = new Map(order.map((color) => [color, this.#labels.get(color) ?? makeLabel(color)]));
    for (const [color, label] of this.#labels) {
      label.control.checked = chosen.includes(color);
      label.querySelector(".count").textContent = written(known.get(color));
    }
    arrange(this.#place, [...this.#labels.values()]);
    this.#group.hidden = order.length < 2 && chosen.length === 0;
  }
}

function makeLabel(color) {
  const label = element("label", "option");
  const box = element("input", "option-box");
  box.type = "checkbox";
  const swatch = element("span", "swatch");
  const look = swatchOf(color);
  if (look) swatch.style.setProperty("--swatch", look);
  swatch.hidden = !look;
  label.append(box, swatch, element("span", "option-name", color), element("span", "count"));
  return label;
}
