/** What the browser keeps for us, if it does: in private windows, or when it is full, it throws instead. */

/** Kept on this device until it is forgotten. */
export const device = shelf(() => window.localStorage);

/** Kept as long as this tab is open. */
export const visit = shelf(() => window.sessionStorage);

/** @param {() => Storage} storage asking for it may throw already */
function shelf(storage) {
  return {
    /** @param {string} key @returns {string | null} */
    read(key) {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {string} text */
    write(key, text) {
      try {
        storage().setItem(key, text);
      } catch {
        // nothing was promised: the page works as well without
      }
    },
  };
}
