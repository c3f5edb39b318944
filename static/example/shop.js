/** What a shop may do when somebody chose a product: this one shows it. Without preventDefault() its link would open. */

/** @type {(selector: string) => any} each is in the example's page */
const $ = (selector) => document.querySelector(selector);

document.addEventListener("sketchfind:choose", (event) => {
  event.preventDefault();
  const { detail: product } = /** @type {CustomEvent} */ (event);
  const { product_id, title, link, thumbnail_url } = product;
  $("[role=status]").textContent = title || product_id;
  $("img").src = thumbnail_url ?? "";
  $("a").textContent = link;
  if (link) $("a").href = link;
  $("pre").textContent = JSON.stringify(product, null, 2);
  $("figure").hidden = $("pre").hidden = false;
});
