/** Photographs of sketches, made small before they go over a slow network. */

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
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // what is transparent was meant to lie on paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close?.();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return image(file); // knows SVG too, such as sketches that were saved here
  }
}

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
