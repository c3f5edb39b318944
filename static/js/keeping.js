/** The keeping side of the page: what brings sketches to the paper and takes them elsewhere. */

import { keep } from "./keep.js";
import { closeLink, isLink, openLink } from "./link.js";
import { Menu } from "./menu.js";
import { say } from "./messages.js";
import { pack } from "./packing.js";
import { Recents } from "./recents.js";
import { download, toPng, toSvg } from "./saving.js";
import { share } from "./sharing.js";
import { listen } from "./shortcuts.js";
import { announce } from "./status.js";
import { Upload, acceptPictures } from "./upload.js";

const $ = (selector) => document.querySelector(selector);

/**
 * Connects the buttons and the menu, and brings back what was drawn: the link that was opened, else the last sketch.
 * @param {import("./strokes.js").Sketch} sketch
 * @param {import("./canvas.js").Paper} paper
 */
export function openKeeping(sketch, paper) {
  const recents = new Recents();
  const savePng = async () => sketch.isEmpty || download(await toPng(sketch.strokes), "sketch.png");
  const needingInk = ["#share", "#save-png", "#save-svg"].map($);

  sketch.addEventListener("leave", ({ detail }) => recents.push(detail));
  sketch.addEventListener("change", () => needingInk.forEach((button) => (button.disabled = sketch.isEmpty)));
  $("#share").addEventListener("click", () => share(sketch.strokes));
  $("#save-png").addEventListener("click", savePng);
  $("#save-svg").addEventListener("click", () => download(toSvg(sketch.strokes), "sketch.svg"));
  listen({ save: savePng });
  acceptPictures(new Upload(paper), $("#upload"), $("#picture"), $(".paper"));
  new Menu($("#menu"), $("#more"), sketch, recents);

  keep(sketch, recents);
  followLinks(sketch);
}

/** Opens the link in the address, now and whenever another one is put there, and closes it as soon as one draws on. */
function followLinks(sketch) {
  let opening = false;

  async function open() {
    if (!isLink()) return;
    try {
      const strokes = await openLink();
      if (isSame(strokes, sketch.strokes)) return; // a reload: the sketch is back already
      opening = true;
      sketch.replace(strokes);
    } catch {
      announce(say("keeping.broken_link"), true);
    } finally {
      opening = false;
    }
  }

  sketch.addEventListener("change", () => opening || closeLink());
  window.addEventListener("hashchange", open);
  open();
}

function isSame(some, others) {
  return String(pack(some)) === String(pack(others));
}
