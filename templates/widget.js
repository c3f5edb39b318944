/**
 * Sketchfind in a shop's page: a button that opens the drawing page in a panel, loaded when it is first opened.
 *
 *   <script src="https://search.shop/widget.js" async></script>
 *
 * data-target    CSS selector: these elements open the panel, and there is no button of its own
 * data-label     what the button and the panel are called
 * data-lang      language, such as "de"; else that of the shop's page
 * data-category  category to begin with, such as "Garden > Tables"
 * data-scheme    "light" or "dark"; else that of the shop's page
 *
 * The page's CSS may set --sketchfind-accent, --sketchfind-on-accent (colours) and --sketchfind-round (a length in px).
 * When a product is chosen, the document gets a "sketchfind:choose" event whose detail is the product; unless it is
 * prevented, the product's link opens.
 */
(() => {
  const script = document.currentScript;
  const HOME = new URL(script.src).origin;
  const WORDS = {{ words | tojson }};
  const ICON = {{ icon | tojson }}; // of the shop; null if it has none
  const { target, label, lang, category, scheme } = script.dataset;
  const language = [lang, document.documentElement.lang, ...navigator.languages]
    .map((wanted) => (wanted ?? "").split("-")[0].toLowerCase())
    .find((code) => code in WORDS);
  const words = { ...(WORDS[language] ?? WORDS.en), ...(label && { open: label }) };

  const STYLE = `
    :host { all: initial; color-scheme: inherit; font: 600 16px/1.25 system-ui, sans-serif; }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    button {
      display: flex; align-items: center; justify-content: center; gap: 10px;
      margin: 0; border: 0; padding: 0; font: inherit; cursor: pointer;
    }
    :focus-visible { outline: 3px solid var(--sketchfind-accent, {{ accent }}); outline-offset: 2px; }
    img { flex: none; width: 32px; height: 32px; border-radius: 8px; }
    svg { flex: none; width: 32px; height: 32px; fill: none; stroke: currentcolor; stroke-width: 2.6; stroke-linecap: round; }
    .open {
      position: fixed; z-index: 2147483000;
      right: calc(16px + env(safe-area-inset-right)); bottom: calc(16px + env(safe-area-inset-bottom));
      max-width: calc(100vw - 32px); min-height: 52px; padding: 10px 20px 10px 16px; text-align: left;
      border-radius: var(--sketchfind-round, {{ round }}px);
      background: var(--sketchfind-accent, {{ accent }}); color: var(--sketchfind-on-accent, {{ on_accent }});
      box-shadow: 0 8px 24px -6px rgb(20 22 30 / 40%);
    }
    dialog {
      position: fixed; inset: 0; width: 100%; height: 100%; max-width: none; max-height: none;
      margin: 0; border: 0; overflow: hidden; overscroll-behavior: contain; background: Canvas; color: CanvasText;
      padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
    }
    dialog::backdrop { background: rgb(20 22 30 / 45%); }
    .sorry {
      position: absolute; inset: 0; display: grid; place-content: center; gap: 16px; margin: 0; padding: 32px;
      background: Canvas; text-align: center;
    }
    .sorry a { color: LinkText; padding: 12px; }
    iframe { display: block; width: 100%; height: 100%; border: 0; }
    .close {
      position: absolute; top: calc(2px + env(safe-area-inset-top)); right: calc(6px + env(safe-area-inset-right));
      width: 44px; height: 44px; border-radius: 22px; background: Canvas; color: CanvasText;
    }
    @media (min-width: 641px) and (min-height: 481px) {
      dialog { left: auto; width: 480px; box-shadow: 0 0 48px rgb(20 22 30 / 30%); }
    }
    @media (prefers-reduced-motion: no-preference) {
      dialog[open] { animation: arrive 200ms ease-out; }
      @keyframes arrive { from { transform: translateX(48px); opacity: 0; } }
    }
    @media (forced-colors: active) { button { border: 2px solid ButtonBorder; } }
  `;

  const LOGO = "M9.5 21.5c2.5-7 5.5-12 8-11.5 3.6.8-5.2 8.5-2.7 9.7 1.9.9 4.7-4.2 6.6-3.3 1.3.6-.2 3.5.9 4.4";
  const CROSS = "m9 9 14 14M23 9 9 23";

  const PATIENCE = 5000; // ms for the page to come before it is asked for once more
  const GREETING = 3000; // ms from its load event until a page that says nothing is taken for a refused one

  /** The button and the panel, in a shadow tree that the shop's CSS does not reach. */
  class Panel {
    #host = document.createElement("div");
    #button = this.#make("button", { type: "button", className: "open", ariaHasPopup: "dialog", hidden: Boolean(target) });
    #close = this.#make("button", { type: "button", className: "close", ariaLabel: words.close });
    #dialog = this.#make("dialog", { ariaLabel: words.open });
    #sorry = this.#make("div", { className: "sorry", hidden: true });
    #frame = null;
    #askedAt = 0;
    #isReady = false;

    constructor() {
      const style = new CSSStyleSheet();
      style.replaceSync(STYLE);
      const shadow = this.#host.attachShadow({ mode: "open" });
      shadow.adoptedStyleSheets = [style];
      if (scheme === "light" || scheme === "dark") this.#host.style.colorScheme = scheme;
      this.#button.append(this.#logo(), words.open);
      this.#close.append(icon(CROSS));
      const elsewhere = this.#make("a", { href: HOME, target: "_blank", rel: "noopener", textContent: words.elsewhere });
      this.#sorry.append(words.refused, elsewhere);
      this.#dialog.append(this.#sorry, this.#close);
      shadow.append(this.#button, this.#dialog);
      document.body.append(this.#host);
      this.#button.addEventListener("click", () => this.open());
      this.#close.addEventListener("click", () => this.#dialog.close());
      this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close()); // the backdrop
      window.addEventListener("message", (event) => this.#hear(event));
    }

    /**
     * Opens the panel; the page in it is loaded the first time, and anew if it never came, as without a network. Focus
     * returns by itself when it closes.
     */
    open() {
      if (this.#isReady) this.#dress(); // the shop's page may have turned dark meanwhile
      else if (!this.#frame || performance.now() - this.#askedAt > PATIENCE) this.#load();
      this.#dialog.showModal();
    }

    #load() {
      this.#frame?.remove();
      this.#sorry.hidden = true;
      this.#frame = this.#makeFrame();
      this.#frame.addEventListener("load", () => setTimeout(() => this.#explain(), GREETING));
      this.#askedAt = performance.now();
      this.#dialog.prepend(this.#frame);
    }

    /** Browsers refuse to show the page in a shop that the server does not know, and tell this script nothing of it. */
    #explain() {
      if (this.#isReady) return;
      this.#sorry.hidden = false;
      console.warn(`${HOME} shows nothing here: expected ${location.origin} in its SKETCHFIND_EMBED_ORIGINS`);
    }

    #logo() {
      if (!ICON) return icon(LOGO);
      const image = this.#make("img", { src: HOME + ICON, alt: "" });
      image.addEventListener("error", () => image.replaceWith(icon(LOGO))); // the shop's policy may allow no images
      return image;
    }

    #makeFrame() {
      const query = new URLSearchParams({ host: location.origin });
      if (language) query.set("lang", language);
      if (category) query.set("category", category);
      if (scheme) query.set("scheme", scheme);
      const frame = this.#make("iframe", { title: words.open, allow: "clipboard-write; web-share" });
      // scripts and our own origin to work at all (search, kept sketch); popups for links in a new tab, which must not
      // inherit this sandbox; downloads for a saved sketch. No forms, no dialogs, no navigating of the shop's page.
      frame.sandbox = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-downloads";
      frame.src = `${HOME}/?${query}`;
      return frame;
    }

    #hear({ origin, source, data }) {
      if (!this.#frame || source !== this.#frame.contentWindow || origin !== HOME) return;
      if (data?.type === "sketchfind:ready") {
        this.#isReady = true;
        this.#sorry.hidden = true;
        this.#close.hidden = Boolean(data.closes); // the page has a button for that
        this.#dress();
      } else if (data?.type === "sketchfind:close") this.#dialog.close();
      else if (data?.type === "sketchfind:choose") this.#choose(data.product);
    }

    /** Hands the shop's colours and corners to the page. */
    #dress() {
      const style = getComputedStyle(this.#host);
      const value = (name) => style.getPropertyValue(`--sketchfind-${name}`).trim() || undefined;
      const theme = { accent: value("accent"), onAccent: value("on-accent"), round: value("round") };
      this.#frame.contentWindow.postMessage({ type: "sketchfind:theme", theme }, HOME);
    }

    #choose(product) {
      this.#dialog.close(); // first, so that whoever hears of it may put the focus elsewhere
      const event = new CustomEvent("sketchfind:choose", { detail: product, bubbles: true, cancelable: true });
      if (document.dispatchEvent(event) && /^https?:\/\//i.test(product.link ?? "")) location.assign(product.link);
    }

    #make(name, properties) {
      return Object.assign(document.createElement(name), properties);
    }
  }

  function icon(path) {
    const [svg, line] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    svg.setAttribute("viewBox", "0 0 32 32");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  }

  function start() {
    const panel = new Panel();
    if (!target) return;
    for (const opener of document.querySelectorAll(target)) opener.setAttribute("aria-haspopup", "dialog");
    document.addEventListener("click", (event) => { // also for elements that come later
      if (!event.target.closest?.(target)) return;
      event.preventDefault();
      panel.open();
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
