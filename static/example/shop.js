/** What a shop may do when somebody chose a product: this one shows it. Without preventDefault() its link would open. */

const $ = (selector) => document.querySelector(selector);

document.addEventListener("sketchfind:choose", (event) => {
  event.preventDefault();
  const { product_id, title, link, thumbnail_url } = event.detail;
  $("[role=status]").textContent = title || product_id;
  $("img").src = thumbnail_url ?? "";
  $("a").textContent = link;
  if (link) $("a").href = link;
  $("pre").textContent = JSON.stringify(event.detail, null, 2);
  $("figure").hidden = $("pre").hidden = false;
});
