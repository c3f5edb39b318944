/** The sketches that were on the paper lately, kept on this device only. */

import { fromText, pack, toText, unpack } from "../sketch/stroke_codec.js";
import { device } from "../platform/storage.js";

const KEY = "sketchfind.recent";
const MOST = 12;

export class Recents {
  /** @returns {import("../sketch/sketch.js").Stroke[][]} newest first; what is kept but cannot be read is left out */
  list() {
    return texts().flatMap((text) => {
      try {
        return [unpack(fromText(text))];
      } catch {
        return [];
      }
    });
  }

  /** Remembers a sketch as the newest. @param {readonly import("../sketch/sketch.js").Stroke[]} strokes */
  push(strokes) {
    if (!strokes.length) return;
    const text = toText(pack(strokes));
    device.write(KEY, JSON.stringify([text, ...texts().filter((other) => other !== text)].slice(0, MOST)));
  }

  forget() {
    device.write(KEY, "[]");
  }
}

/** @returns {string[]} */
function texts() {
  try {
    return JSON.parse(device.read(KEY) ?? "[]").filter((/** @type {unknown} */ text) => typeof text === "string");
  } catch {
    return []; // something else wrote there
  }
}
