/** The Share button: the phone's own sheet where there is one, the clipboard elsewhere. */

import { linkTo } from "./share_link.js";
import { say } from "../platform/i18n.js";
import { announce } from "../ui/status_line.js";

const LONGEST = 16_000; // characters: longer addresses are cut by much of what sends and opens them

/** @param {readonly import("../sketch/sketch.js").Stroke[]} strokes */
export async function share(strokes) {
  const link = await linkTo(strokes);
  if (link.length > LONGEST) return announce(say("keeping.too_long"), true);
  if (await handOver(link)) return;
  announce(say((await copy(link)) ? "keeping.copied" : "keeping.not_copied"));
}

/** Whether the browser's own sheet took it, or the shopper thought better of it there. @param {string} link */
async function handOver(link) {
  if (!navigator.share) return false;
  try {
    await navigator.share({ title: document.title, url: link });
    return true;
  } catch (error) {
    return error instanceof Error && error.name === "AbortError";
  }
}

/** @param {string} link */
async function copy(link) {
  try {
    await navigator.clipboard.writeText(link);
    return true;
  } catch {
    window.history.replaceState(window.history.state, "", link); // without https there may be no clipboard
    return false;
  }
}
