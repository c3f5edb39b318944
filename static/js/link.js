/**
 * A sketch as a link. Everything is in the fragment, which browsers send to no server: `#s=1z...` and what else the
 * search was narrowed down to. The first two characters of `s` tell the format: its version, then `z` for deflated or
 * `r` for raw bytes of pack(), as base64url.
 */

import { fromText, pack, toText, unpack } from "./packing.js";

const VERSION = "1";
const MOST_BYTES = 1 << 20; // after inflating: no sketch has as many, so it is a link that wants to do harm

/** What goes with the strokes. Whoever has something to add sets both. */
export const extras = {
  /** @type {() => [string, string][]} parameters for a link that is being made */
  collect: () => [],
  /** @type {(parameters: URLSearchParams) => void} the parameters of a link that is being opened */
  apply: () => {},
};

/** @param {readonly import("./strokes.js").Stroke[]} strokes @returns {Promise<string>} */
export async function linkTo(strokes) {
  const parameters = new URLSearchParams([["s", await encode(pack(strokes))], ...extras.collect()]);
  return `${window.location.origin}${window.location.pathname}#${parameters}`;
}

/** Whether the page's address holds a sketch. */
export function isLink() {
  return parametersHere().has("s");
}

/**
 * Opens the link that is in the page's address.
 * @returns {Promise<import("./strokes.js").Stroke[]>} exactly the strokes that linkTo() was given
 * @throws for a link that is damaged, or of a newer version
 */
export async function openLink() {
  const parameters = parametersHere();
  const strokes = unpack(await decode(parameters.get("s")));
  if (!strokes.length) throw new RangeError("the link holds no strokes");
  extras.apply(parameters);
  return strokes;
}

/** Takes the sketch out of the address, where it would come back with the next reload. */
export function closeLink() {
  if (isLink()) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
}

function parametersHere() {
  return new URLSearchParams(window.location.hash.slice(1));
}

async function encode(bytes) {
  try {
    const deflated = await through(new CompressionStream("deflate-raw"), bytes);
    return `${VERSION}z${toText(deflated)}`;
  } catch {
    return `${VERSION}r${toText(bytes)}`; // browsers before 2023
  }
}

async function decode(text) {
  const bytes = fromText(text.slice(2));
  if (text.startsWith(`${VERSION}r`)) return bytes;
  if (text.startsWith(`${VERSION}z`)) return through(new DecompressionStream("deflate-raw"), bytes);
  throw new RangeError("the link is of another version");
}

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
