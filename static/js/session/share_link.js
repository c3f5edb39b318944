/**
 * A sketch as a link. Everything is in the fragment, which browsers send to no server: `#s=1z...` and what else the
 * search was narrowed down to. The first two characters of `s` tell the format: its version, then `z` for deflated or
 * `r` for raw bytes of pack(), as base64url.
 */

import { extras } from "./url_fragment.js";
import { fromText, pack, toText, unpack } from "../sketch/stroke_codec.js";

const VERSION = "1";
const MOST_BYTES = 1 << 20; // after inflating: no sketch has as many, so it is a link that wants to do harm

/** @param {readonly import("../sketch/sketch.js").Stroke[]} strokes @returns {Promise<string>} */
export async function linkTo(strokes) {
  const fragment = new URLSearchParams([["s", await encode(pack(strokes))], ...extras.collect()]);
  return `${window.location.origin}${window.location.pathname}#${fragment}`;
}

/**
 * Opens a link.
 * @param {URLSearchParams} given its parameters
 * @returns {Promise<import("../sketch/sketch.js").Stroke[]>} exactly the strokes that linkTo() was given
 * @throws for a link that is damaged, or of a newer version
 */
export async function openLink(given) {
  const strokes = unpack(await decode(given.get("s") ?? ""));
  if (!strokes.length) throw new RangeError("the link holds no strokes");
  extras.apply(given);
  return strokes;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function encode(bytes) {
  try {
    const deflated = await through(new CompressionStream("deflate-raw"), bytes);
    return `${VERSION}z${toText(deflated)}`;
  } catch {
    return `${VERSION}r${toText(bytes)}`; // browsers before 2023
  }
}

/** @param {string} text */
async function decode(text) {
  const bytes = fromText(text.slice(2));
  if (text.startsWith(`${VERSION}r`)) return bytes;
  if (text.startsWith(`${VERSION}z`)) return through(new DecompressionStream("deflate-raw"), bytes);
  throw new RangeError("the link is of another version");
}

/** @param {GenericTransformStream} stream @param {Uint8Array<ArrayBuffer>} bytes */
async function through(stream, bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const chunks = [];
  let size = 0;
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    chunks.push(value);
    size += value.length;
    if (size > MOST_BYTES) throw new RangeError("the link holds more than a sketch");
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
