/** Arithmetic of opaque sRGB colours, written #rrggbb. */

import { contextOf } from "./dom.js";

const CONTEXT = contextOf(document.createElement("canvas"));

/**
 * @param {unknown} value a colour as CSS writes it
 * @returns {string | null} #rrggbb; null for what is no opaque colour in sRGB
 */
export function hexOf(value) {
  if (typeof value !== "string") return null;
  const [onBlack, onWhite] = ["#000000", "#ffffff"].map((before) => {
    CONTEXT.fillStyle = before;
    CONTEXT.fillStyle = value; // what cannot be read leaves it as it was
    return String(CONTEXT.fillStyle);
  });
  return onBlack === onWhite && /^#[0-9a-f]{6}$/.test(onBlack) ? onBlack : null;
}

/**
 * The first colour with a share (0..1) of the second.
 * @param {string} first @param {string} second @param {number} share
 */
export function blend(first, second, share) {
  const [from, to] = [channels(first), channels(second)];
  const mixed = from.map((value, i) => Math.round(value + (to[i] - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {string} first @param {string} second @returns {number} WCAG's contrast ratio, 1..21 */
export function contrast(first, second) {
  const [darker, lighter] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} colour */
function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
