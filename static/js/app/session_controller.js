/** The keeping side of the page: what brings sketches to the paper and takes them elsewhere. */

import { closeLink, isLink, parameters } from "../session/url_fragment.js";
import { keep } from "../session/autosave.js";
import { find as $ } from "../platform/dom.js";
import { say } from "../platform/i18n.js";
import { pack } from "../sketch/stroke_codec.js";
import { part } from "./lazy_modules.js";
import { acceptPictures } from "../session/picture_input.js";
import { Recents } from "../session/recent_sketches.js";
import { listen } from "../platform/shortcuts.js";
import { announce } from "../ui/status_line.js";

/** @typedef {import("../sketch/sketch.js").Sketch} Sketch */
/** @typedef {import("../sketch/sketch.js").Stroke} Stroke */

/**
 * Connects the buttons and the menu, and brings back what was drawn: the link that was opened, else the last sketch.
 * @param {Sketch} sketch
 * @param {import("../sketch/paper.js").Paper} paper
 */
export function openKeeping(sketch, paper) {
  const recents = new Recents();
  sketch.addEventListener("leave", ({ detail }) => recents.push(detail));
  offerSharingAndSaving(sketch);
  offerMenu(sketch, recents);
  offerUpload(paper, sketch);
  keep(sketch, recents);
  followLinks(sketch);
}

/** @param {Sketch} sketch */
function offerSharingAndSaving(sketch) {
  /** @type {HTMLButtonElement[]} */
  const [share, png, svg] = ["#share", "#save-png", "#save-svg"].map((selector) => $(selector));
  const savePng = async () => {
    if (!sketch.isEmpty) (await part("saving"))?.savePng(sketch.strokes);
  };
  share.addEventListener("click", async () => (await part("sharing"))?.share(sketch.strokes));
  png.addEventListener("click", savePng);
  svg.addEventListener("click", async () => (await part("saving"))?.saveSvg(sketch.strokes));
  listen({ save: savePng });
  sketch.addEventListener("change", () => {
    for (const button of [share, png, svg]) button.disabled = sketch.isEmpty;
  });
}

/** @param {Sketch} sketch @param {Recents} recents */
function offerMenu(sketch, recents) {
  /** @type {import("../session/more_menu.js").Menu | null} */
  let menu = null;
  /** @type {HTMLButtonElement} */
  const opener = $("#more");
  opener.addEventListener("click", async () => {
    const Menu = (await part("menu"))?.Menu;
    if (Menu) menu ??= new Menu(/** @type {HTMLDialogElement} */ ($("#menu")), opener, sketch, recents);
    menu?.open();
  });
}

/** @param {import("../sketch/paper.js").Paper} paper @param {Sketch} sketch */
function offerUpload(paper, sketch) {
  /** @type {import("../session/picture_upload.js").Upload | null} */
  let upload = null;
  /** @param {Blob} picture */
  const read = async (picture) => {
    const Upload = (await part("upload"))?.Upload;
    if (Upload) upload ??= new Upload(paper, sketch);
    upload?.read(picture);
  };
  /** @type {[HTMLButtonElement, HTMLInputElement]} */
  const [button, input] = [$("#upload"), $("#picture")];
  acceptPictures(read, button, input, $(".paper"));
}

/**
 * Opens the link in the address, now and whenever another one is put there, and closes it as soon as one draws on.
 * @param {Sketch} sketch
 */
function followLinks(sketch) {
  let opening = false;

  async function open() {
    if (!isLink()) return;
    const given = parameters(); // now: who draws before the code has come closes the link
    const link = await part("link");
    const strokes = await link?.openLink(given).catch(() => announce(say("keeping.broken_link"), true));
    if (!strokes || isSame(strokes, sketch.strokes)) return; // after a reload the sketch is back already
    opening = true;
    sketch.replace(strokes);
    opening = false;
  }

  sketch.addEventListener("change", () => opening || closeLink());
  window.addEventListener("hashchange", open);
  open();
}

/** @param {readonly Stroke[]} some @param {readonly Stroke[]} others */
function isSame(some, others) {
  return String(pack(some)) === String(pack(others));
}
