/** The grid of results. Products that stay keep their element, so nothing reloads or flickers while one draws. */

import { money } from "./money.js";

const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const GLIDE = { duration: 260, easing: "cubic-bezier(.2, .7, .2, 1)" };

export class Results {
  #list;
  #items = new Map();

  /** @param {HTMLUListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {{product_id: string, rank: number}[]} products best first, as POST /search gives them */
  show(products) {
    const places = this.#places();
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    this.#items = new Map(products.map((product) => [product.product_id, this.#item(product)]));
    this.#list.replaceChildren(...this.#items.values());
    if (focused?.isConnected) focused.focus({ preventScroll: true }); // moving an element takes its focus away
    this.#glide(places);
  }

  clear() {
    this.show([]);
  }

  #item(product) {
    const item = this.#items.get(product.product_id) ?? card(product);
    item.dataset.rank = String(product.rank);
    return item;
  }

  /** Where the items are now; empty when motion is unwelcome. */
  #places() {
    const places = new Map();
    if (!CALM.matches) for (const [id, item] of this.#items) places.set(id, item.getBoundingClientRect());
    return places;
  }

  /** Lets items travel from where they were; all is read before anything is written, so layout is done once. */
  #glide(places) {
    if (CALM.matches) return;
    const moves = [...this.#items].map(([id, item]) => ({ item, from: places.get(id), to: item.getBoundingClientRect() }));
    for (const { item, from, to } of moves) {
      if (to.top > window.innerHeight) continue; // nobody sees it
      if (!from) item.animate([{ opacity: 0, transform: "scale(.96)" }, {}], GLIDE);
      else if (from.left !== to.left || from.top !== to.top) {
        item.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, {}], GLIDE);
      }
    }
  }
}

/** One product: built by hand and not from HTML, since titles come from somebody else's feed. */
function card(product) {
  const item = element("li", "card");
  item.dataset.productId = product.product_id;
  const body = element(isWeb(product.link) ? "a" : "div", "card-body");
  if (body instanceof HTMLAnchorElement) {
    Object.assign(body, { href: product.link, target: "_blank", rel: "noopener" });
  }
  const tile = element("span", "tile");
  tile.append(thumbnail(product));
  const caption = element("span", "caption");
  caption.append(element("span", "title", product.title || product.product_id));
  caption.append(element("span", "price", money(product.price, product.currency)));
  body.append(tile, caption);
  item.append(body);
  return item;
}

function thumbnail(product) {
  const image = element("img", "thumbnail");
  // the title follows as text, so a reader that spoke the picture too would say it twice
  Object.assign(image, { alt: "", loading: "lazy", decoding: "async", width: 320, height: 320, draggable: false });
  image.addEventListener("error", () => image.classList.add("missing"), { once: true });
  if (product.thumbnail_url) image.src = product.thumbnail_url;
  else image.classList.add("missing");
  return image;
}

/** A feed's link could be javascript: or worse. */
function isWeb(link) {
  return /^https?:\/\//i.test(link ?? "");
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
