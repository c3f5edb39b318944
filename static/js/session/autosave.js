/** Keeps the sketch and its undo steps on this device, so that it outlives reloads, crashes and closed tabs. */

import { fromText, pack, toText, unpack } from "../sketch/stroke_codec.js";
import { device } from "../platform/storage.js";

const KEY = "sketchfind.sketch";
const PAUSE = 250; // ms without a change until it is written
const STEPS = 24; // that can be undone or redone afterwards

/**
 * Brings back the sketch that was drawn last, and keeps this one from now on.
 * @param {import("../sketch/sketch.js").Sketch} sketch
 * @param {import("./recent_sketches.js").Recents} recents takes the sketch of another tab before it is overwritten
 */
export function keep(sketch, recents) {
  let written = device.read(KEY);
  let timer = 0;

  function write() {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    const there = device.read(KEY);
    if (there !== written) recents.push(current(read(there)));
    device.write(KEY, toJson(sketch.history));
    written = device.read(KEY); // not always what was to be written: storage may be full
  }

  const history = read(written);
  if (history) sketch.restore(history);
  sketch.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  });
  window.addEventListener("pagehide", write);
  document.addEventListener("visibilitychange", () => document.hidden && write());
}

/** @param {import("../sketch/sketch.js").History | null} history */
function current(history) {
  return history?.steps[history.now] ?? [];
}

/** @param {import("../sketch/sketch.js").History} history */
function toJson({ steps, now }) {
  const first = Math.max(0, now - STEPS);
  const kept = steps.slice(first, now + STEPS + 1);
  const numbers = new Map(); // stroke -> its place in the list of all strokes
  for (const stroke of kept.flat()) if (!numbers.has(stroke)) numbers.set(stroke, numbers.size);
  return JSON.stringify({
    strokes: toText(pack([...numbers.keys()])),
    steps: kept.map((step) => step.map((stroke) => numbers.get(stroke))),
    now: now - first,
  });
}

/** @param {string | null} json @returns {import("../sketch/sketch.js").History | null} null for what toJson() did not write */
function read(json) {
  try {
    const { strokes: text, steps, now } = JSON.parse(json ?? "");
    const strokes = unpack(fromText(text));
    /** @type {import("../sketch/sketch.js").History} */
    const history = { steps: steps.map((/** @type {number[]} */ step) => step.map((number) => strokes[number])), now };
    const whole = history.steps.every((step) => step.every(Array.isArray)) && Number.isInteger(now);
    return whole && history.steps[now] ? history : null;
  } catch {
    return null;
  }
}
