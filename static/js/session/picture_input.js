/** The ways in which pictures of sketches come to the page: chosen or photographed, pasted, dropped. */

/**
 * @param {(picture: Blob) => void} read
 * @param {HTMLButtonElement} button
 * @param {HTMLInputElement} input of type file
 * @param {HTMLElement} target shows that it would take what is dragged over the page
 */
export function acceptPictures(read, button, input, target) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files?.length) read(input.files[0]);
    input.value = ""; // so that the same picture can be chosen again
  });
  document.addEventListener("paste", (event) => {
    const picture = pictureIn(event.clipboardData);
    if (!picture) return;
    event.preventDefault();
    read(picture);
  });
  /** @param {DragEvent} event */
  const drags = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!drags(event)) return;
    event.preventDefault(); // or the browser would leave the page for the picture
    target.classList.add("awaiting");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.classList.remove("awaiting"); // it left the page, not just one of its elements
  });
  document.addEventListener("drop", (event) => {
    if (!drags(event)) return;
    event.preventDefault();
    target.classList.remove("awaiting");
    const file = pictureIn(event.dataTransfer) ?? event.dataTransfer?.files[0];
    if (file) read(file);
  });
}

/** @param {DataTransfer | null} transfer */
function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}
