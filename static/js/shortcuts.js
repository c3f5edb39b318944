/**
 * Keyboard shortcuts, as people know them from drawing programs.
 * @param {{undo: () => void, redo: () => void, eraser: () => void}} actions
 */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const action = meaning(event);
    if (!action) return;
    event.preventDefault();
    actions[action]();
  });
}

function meaning(event) {
  const key = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  if (command && key === "z") return event.shiftKey ? "redo" : "undo";
  if (command && key === "y") return "redo";
  if (!command && !event.altKey && !event.repeat && key === "e") return "eraser";
  return null;
}
