/** The keeping side of the page: what brings sketches to the paper and takes them elsewhere. */

import { closeLink, isLink, parameters } from "../session/url_fragment.js";
import { keep } from "../session/autosave.js";
import { say } from "../platform/i18n.js";
import { pack } from "../sketch/stroke_codec.js";
import { part } from "./lazy_modules.js";
import { acceptPictures } from "../session/picture_input.js";
import { Recents } from "../session/recent_sketches.js";
import { listen } from "../platform/shortcuts.js";
import { announce } from "../ui/status_line.js";

const $ = (selector) => document.querySelector(selector);

/**
 * Connects the buttons and the menu, and brings back what was drawn: the link that was opened, else the last sketch.
 * @param {import("../sketch/sketch.js").Sketch} sketch
 * @param {import("../sketch/paper.js").Paper} paper
 */
export function openKeeping(sketch, paper) {
  const recents = new Recents();
  sketch.addEventListener("leave", ({ detail }) => recents.push(detail));
  offerSharingAndSaving(sketch);
  offerMenu(sketch, recents);
  offerUpload(paper);
  keep(sketch, recents);
  followLinks(sketch);
}

function offerSharingAndSaving(sketch) {
  const [share, png, svg] = ["#share", "#save-png", "#save-svg"].map($);
  const savePng = async () => sketch.isEmpty || (await part("saving"))?.savePng(sketch.strokes);
  share.addEventListener("click", async () => (await part("sharing"))?.share(sketch.strokes));
  png.addEventListener("click", savePng);
  svg.addEventListener("click", async () => (await part("saving"))?.saveSvg(sketch.strokes));
  listen({ save: savePng });
  sketch.addEventListener("change", () => {
    for (const button of [share, png, svg]) button.disabled = sketch.isEmpty;
  });
}

function offerMenu(sketch, recents) {
  let menu = null;
  $("#more").addEventListener("click", async ({ currentTarget: opener }) => {
    const Menu = (await part("menu"))?.Menu;
    menu ??= Menu && new Menu($("#menu"), opener, sketch, recents);
    menu?.open();
  });
}

function offerUpload(paper) {
  let upload = null;
  const read = async (picture) => {
    const Upload = (await part("upload"))?.Upload;
    upload ??= Upload && new Upload(paper);
    upload?.read(picture);
  };
  acceptPictures(read, $("#upload"), $("#picture"), $(".paper"));
}

/** Opens the link in the address, now and whenever another one is put there, and closes it as soon as one draws on. */
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

function isSame(some, others) {
  return String(pack(some)) === String(pack(others));
}
