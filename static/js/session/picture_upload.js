/** Pictures of sketches, and photos of products, as strokes: read by the server, put on the paper. */

import { say } from "../platform/i18n.js";
import { shrink } from "./shrink_picture.js";
import { announce, occupy, release } from "../ui/status_line.js";

const PATIENCE = 60_000; // ms: a picture takes its time on a slow network

/** @type {Record<number, string>} */
const BY_STATUS = {
  401: "trouble.closed",
  403: "trouble.closed",
  404: "keeping.cannot_read", // a server without this route
  405: "keeping.cannot_read",
  413: "keeping.too_large",
  415: "keeping.no_picture",
  429: "keeping.busy",
  502: "keeping.busy",
  503: "keeping.busy",
  504: "keeping.busy",
};

/** Reads one picture at a time; a newer one takes the place of the one that is on its way. */
export class Upload {
  #paper;
  /** @type {AbortController | null} */
  #controller = null;

  /** @param {import("../sketch/paper.js").Paper} paper */
  constructor(paper) {
    this.#paper = paper;
  }

  /** @param {Blob} file */
  async read(file) {
    this.#controller?.abort();
    const controller = (this.#controller = new AbortController());
    const timer = setTimeout(() => controller.abort(), PATIENCE);
    occupy(say("keeping.reading"));
    const { strokes = [], kind, trouble } = await strokesIn(file, controller.signal);
    clearTimeout(timer);
    if (this.#controller !== controller) return; // a newer picture has taken over
    this.#controller = null;
    if (trouble) return announce(say(trouble), true);
    if (kind === "photo") announce(say("keeping.by_photo"));
    else release();
    this.#paper.put(strokes);
  }
}

/**
 * @param {Blob} file @param {AbortSignal} signal
 * @returns {Promise<{strokes?: number[][][], kind?: string, trouble?: string}>} strokes, or the key of what to say
 */
async function strokesIn(file, signal) {
  const picture = await shrink(file).catch(() => null);
  if (!picture) return { trouble: "keeping.no_picture" };
  try {
    const response = await fetch("/strokes", { method: "POST", body: picture, signal }); // it knows its own type
    const body = await response.json().catch(() => null);
    if (body?.strokes?.length) return { strokes: body.strokes, kind: body.kind };
    if (body?.strokes || body?.error?.code === "blank_sketch") return { trouble: "keeping.blank" };
    return { trouble: BY_STATUS[response.status] ?? "keeping.not_read" };
  } catch {
    return { trouble: navigator.onLine ? "keeping.no_answer" : "keeping.offline" };
  }
}
