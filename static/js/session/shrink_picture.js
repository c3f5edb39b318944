/** Photographs of sketches, made small before they go over a slow network. */

import { contextOf } from "../platform/dom.js";

const SIDE = 1600; // px of the longer side at most: plenty for lines on paper
const QUALITY = 0.85;

/**
 * @param {Blob} file a picture of any kind that this browser can show
 * @returns {Promise<Blob>} the same upright, on white, as a JPEG of at most 1600 px
 * @throws when it is no picture
 */
export async function shrink(file) {
  const picture = await decode(file);
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = contextOf(canvas);
  context.fillStyle = "#fff"; // what is transparent was meant to lie on paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if ("close" in picture) picture.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no JPEG could be made"))), "image/jpeg", QUALITY);
  });
}

/** @param {Blob} file */
async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return image(file); // knows SVG too, such as sketches that were saved here
  }
}

/** @param {Blob} file */
async function image(file) {
  const address = URL.createObjectURL(file);
  try {
    const picture = Object.assign(new Image(), { src: address });
    await picture.decode();
    return picture;
  } finally {
    URL.revokeObjectURL(address);
  }
}
