import { hit } from "./dom.js";

/** @typedef {"undo" | "redo" | "eraser" | "clear" | "save"} Action */

/**
 * Keyboard shortcuts, as people know them from drawing programs. They rest while one types or a dialog is open.
 * @param {Partial<Record<Action, () => void>>} actions
 */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (hit(event, "input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const name = meaning(event);
    const action = name && actions[name];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** @param {KeyboardEvent} event @returns {Action | ""} */
function meaning(event) {
  const key = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  if (command && key === "z") return event.shiftKey ? "redo" : "undo";
  if (command && key === "y") return "redo";
  if (command && key === "s") return "save";
  if (command || event.altKey || event.repeat) return "";
  if (key === "e") return "eraser";
  return key === "delete" || key === "backspace" ? "clear" : "";
}
